#include "hadal/hpts/distributed/broadcast.h"
#include "hadal/hpts/distributed/sharded.h"

#include <algorithm>
#include <numeric>

namespace hadal::hpts {

std::vector<int> assign_owners(const std::vector<at::Tensor>& parameters, int ranks) {
  std::vector<std::size_t> order(parameters.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return parameters[a].nbytes() > parameters[b].nbytes();
  });
  std::vector<std::size_t> bytes(static_cast<std::size_t>(ranks));
  std::vector<int> owners(parameters.size());
  for (const std::size_t place : order) {
    const auto least = std::ranges::min_element(bytes);
    *least += parameters[place].nbytes();
    owners[place] = static_cast<int>(least - bytes.begin());
  }
  return owners;
}

ShardedOptimizer::ShardedOptimizer(std::shared_ptr<ProcessGroup> group,
                                   std::vector<at::Tensor> parameters, const MakeOptimizer& make)
    : group_(std::move(group)),
      parameters_(std::move(parameters)),
      owners_(assign_owners(parameters_, group_->size())) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (owners_[i] == group_->rank()) own_.push_back(i);
  }
  if (!own_.empty()) optimizer_ = make(own_);
}

void ShardedOptimizer::step() {
  if (optimizer_) optimizer_();
  for (int owner = 0; owner < group_->size() && group_->size() > 1; ++owner) {
    std::vector<at::Tensor> theirs;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (owners_[i] == owner) theirs.push_back(parameters_[i]);
    }
    broadcast_all(*group_, theirs, owner, concat("parameters that rank ", owner, " updates"));
  }
}

}  // namespace hadal::hpts
