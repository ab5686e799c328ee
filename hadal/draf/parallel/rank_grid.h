#pragma once

#include "hadal/draf/parallel/pipeline_parallel.h"
#include "hadal/draf/parallel/tensor_parallel.h"

#include <cstdint>
#include <memory>

namespace hadal::draf {

/// How the ranks that hold a model together stand: in stages one after another, a stage's side by
/// side.
struct RankGrid {
  std::shared_ptr<ProcessGroup> all = nullptr;
  std::shared_ptr<ProcessGroup> stage = nullptr;         ///< the ranks of this one's stage
  std::shared_ptr<TensorParallel> tensor = nullptr;      ///< null where a stage has one rank
  std::shared_ptr<PipelineParallel> pipeline = nullptr;  ///< null where there is one stage
};

/// How ranks speak to each other.
struct RankOptions {
  std::int64_t tensor_parts = 4;    ///< see TensorParallel; 1 waits for each sum
  std::int64_t pipeline_parts = 4;  ///< see PipelineParallel; 1 waits for each send
  bool int8_sums = false;           ///< see TensorParallel
};

/// Arranges the ranks of `group` in `stages` stages: rank = stage * ranks of a stage + place. All
/// have to call it. Throws InvalidArgument where the ranks do not divide by the stages, and what
/// TensorParallel throws.
RankGrid arrange(std::shared_ptr<ProcessGroup> group, int stages, const RankOptions& options = {});

}  // namespace hadal::draf
