#include "hadal/dao/kernels/forward_math.h"
#include "hadal/dao/kernels/products_tiles.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

void forward_bf16(const Task& task) {
  const TileSetup setup;
  run_task<ForwardMath<TileProducts>>(task);
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
