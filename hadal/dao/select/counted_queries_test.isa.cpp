#include "hadal/dao/kernels/counted.h"
#include "hadal/dao/select/each_query_math.h"

namespace hadal::dao::HADAL_ISA_NAMESPACE {
namespace {

struct Counting {
  static void add(int64_t multiply_adds) { kernels::counted_multiply_adds += multiply_adds; }
};

}  // namespace

void counted_query_products(const QueryProducts& task) { multiply_queries<Counting>(task); }

}  // namespace hadal::dao::HADAL_ISA_NAMESPACE
