#include "hadal/models/batches.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <numeric>
#include <vector>

#include <ATen/ops/tensor.h>

namespace hadal::models {

Batches::Batches(std::int64_t examples, std::int64_t batch, std::uint64_t seed)
    : examples_(examples), batch_(batch), seed_(seed) {
  if (batch < 1 || examples < batch) {
    throw InvalidArgument(concat("batches: expected a batch from 1 to the number of examples, ",
                                 examples, ", got ", batch));
  }
}

at::Tensor Batches::of_step(std::int64_t step) {
  const std::int64_t epoch = step / steps_per_epoch();
  if (epoch != epoch_) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(examples_));
    std::iota(order.begin(), order.end(), 0);
    Random(seed_, "train order", static_cast<std::uint64_t>(epoch)).shuffle(order);
    order_ = at::tensor(order);
    epoch_ = epoch;
  }
  return order_.narrow(0, step % steps_per_epoch() * batch_, batch_);
}

}  // namespace hadal::models
