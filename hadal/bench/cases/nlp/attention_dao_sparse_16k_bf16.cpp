#include "hadal/bench/cases/nlp/attention_dao_sparse_16k.h"
#include "hadal/bench/runner/registry.h"

namespace hadal::bench::attention_dao_sparse_16k_bf16 {
namespace {

Case make_case() {
  return sparse_attention_case({"nlp/attention-dao-keep30-16k", "bf16", at::kBFloat16});
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::attention_dao_sparse_16k_bf16
