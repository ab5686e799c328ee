#include "hadal/bench/cases/nlp/attention_dao_short.h"
#include "hadal/bench/runner/registry.h"

namespace hadal::bench::attention_dao_1k {
namespace {

Case make_case() { return short_attention_case("nlp/attention-dao-1k", 1024); }

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::attention_dao_1k
