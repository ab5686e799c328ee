#include "hadal/hpts/train/run.h"

#include "hadal/core/error.h"
#include "hadal/hpts/autocast/autocast.h"
#include "hadal/hpts/distributed/data_parallel.h"
#include "hadal/hpts/optimizer/finite_guard.h"
#include "hadal/hpts/optimizer/gradients.h"
#include "hadal/hpts/train/batches.h"
#include "hadal/models/state.h"

#include <cmath>
#include <string_view>

#include <ATen/CPUGeneratorImpl.h>

namespace hadal::hpts {
namespace {

using Tensors = std::map<std::string, at::Tensor>;

void add(Tensors& all, std::string_view part, const Tensors& tensors) {
  for (const auto& [name, tensor] : tensors) all.emplace(concat(part, '/', name), tensor);
}

/// What add() has added for `part`.
Tensors part_of(const Tensors& all, std::string_view part) {
  const std::string prefix = concat(part, '/');
  Tensors tensors;
  for (auto item = all.lower_bound(prefix); item != all.end() && item->first.starts_with(prefix);
       ++item) {
    tensors.emplace(item->first.substr(prefix.size()), item->second);
  }
  return tensors;
}

/// The examples of a batch that fall to one process.
std::int64_t share_of(std::int64_t batch, int processes) {
  if (batch % processes != 0) {
    throw InvalidArgument(concat("train.batch: expected a multiple of the ", processes,
                                 " processes, got ", batch));
  }
  return batch / processes;
}

}  // namespace
}  // namespace hadal::hpts
