#include "hadal/dao/kernels/backward_math_bf16.h"
#include "hadal/dao/kernels/products_tiles.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

void backward_bf16(const Pair& pair) {
  const TileSetup setup;
  run_pair<Bf16Backward<TileProducts>>(pair);
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
