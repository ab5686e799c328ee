#include "hadal/bench/cases/nlp/decode_dao.h"
#include "hadal/bench/runner/registry.h"

namespace hadal::bench::decode_dao_64k {
namespace {

Case make_case() { return decode_case("nlp/decode-dao-64k", 65'536); }

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::decode_dao_64k
