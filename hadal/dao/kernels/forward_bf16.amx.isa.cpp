#include "hadal/dao/kernels/flash_halves.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

void forward_bf16(const Task* tasks, int count) {
  const TileSetup setup;
  run_tasks<TileMath>(tasks, count);
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
