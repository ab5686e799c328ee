#include "hadal/bench/cases/nlp/attention_dao_sparse_16k.h"
#include "hadal/bench/runner/registry.h"

namespace hadal::bench::attention_dao_sparse_16k_fp32 {
namespace {

Case make_case() {
  return sparse_attention_case({"nlp/attention-dao-keep30-16k-fp32", "fp32", at::kFloat});
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::attention_dao_sparse_16k_fp32
