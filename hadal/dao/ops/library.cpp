// The schemas of Hadal's operators: what each takes and gives is said in docs/python.md.
#include <string>

#include <torch/library.h>

TORCH_LIBRARY(hadal, library) {
  const auto define = [&](const std::string& schema) { library.def(schema.c_str()); };
  const std::string attention = "bool causal=True, float? scale=None, Tensor? key_mask=None) ";
  const std::string choice =
      "str selector=\"pooled_top_k\", float keep=0.3, int? blocks=None, float mass=0.95, "
      "int sinks=1, int window=4, ";
  define("attention(Tensor query, Tensor key, Tensor value, Tensor? block_mask=None, *, " +
         attention + "-> (Tensor output, Tensor log_sum_exp)");
  define(
      "attention_backward(Tensor output_grad, Tensor? log_sum_exp_grad, Tensor query, Tensor key, "
      "Tensor value, Tensor output, Tensor log_sum_exp, Tensor? block_mask=None, *, " +
      attention + "-> (Tensor query_grad, Tensor key_grad, Tensor value_grad)");
  define("select_blocks(Tensor query, Tensor key, *, " + choice + attention +
         "-> Tensor block_mask");
  define("sparse_attention(Tensor query, Tensor key, Tensor value, *, " + choice + attention +
         "-> (Tensor output, Tensor log_sum_exp)");
  define(
      "attention_varlen(Tensor query, Tensor key, Tensor value, Tensor cu_seqlens_q, "
      "Tensor cu_seqlens_k, *, float? keep=None, bool causal=True, float? scale=None) "
      "-> (Tensor output, Tensor log_sum_exp)");
  define("kept_fraction(Tensor block_mask, int queries, int keys, *, bool causal=True) -> float");
}
