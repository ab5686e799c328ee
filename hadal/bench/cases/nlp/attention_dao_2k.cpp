#include "hadal/bench/cases/nlp/attention_dao_short.h"
#include "hadal/bench/runner/registry.h"

namespace hadal::bench::attention_dao_2k {
namespace {

Case make_case() { return short_attention_case("nlp/attention-dao-2k", 2048); }

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::attention_dao_2k
