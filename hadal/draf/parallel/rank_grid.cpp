#include "hadal/draf/parallel/rank_grid.h"

#include "hadal/core/error.h"

#include <utility>

namespace hadal::draf {

RankGrid arrange(std::shared_ptr<ProcessGroup> group, int stages, const RankOptions& options) {
  if (stages < 1 || group->size() % stages != 0) {
    throw InvalidArgument(concat("pipeline parallelism: ", group->size(),
                                 " ranks do not divide by ", stages, " stages"),
                          "start as many ranks as stages times ranks of a stage");
  }
  RankGrid grid{.all = group, .stage = group};
  if (stages > 1) {
    grid.stage = group->split(group->rank() / (group->size() / stages));
    grid.pipeline = std::make_shared<PipelineParallel>(*group, stages, options.pipeline_parts);
  }
  if (grid.stage->size() > 1) {
    grid.tensor =
        std::make_shared<TensorParallel>(grid.stage, options.tensor_parts, options.int8_sums);
  }
  return grid;
}

}  // namespace hadal::draf
