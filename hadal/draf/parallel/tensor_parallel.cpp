#include "hadal/draf/parallel/tensor_parallel.h"

#include "hadal/core/error.h"
#include "hadal/draf/parallel/int8_rows.h"

#include <ATen/ops/empty.h>

namespace hadal::draf {
namespace {

constexpr const char* kSum = "partial sums of a layer";

}  // namespace

void PendingSum::wait() {
  arrival_.wait();
  if (!coded_.defined()) return;
  add_up_rows(coded_, part_);
  coded_.reset();
}

TensorParallel::TensorParallel(std::shared_ptr<ProcessGroup> group, std::int64_t most_parts,
                               bool int8_sums)
    : group_(std::move(group)), most_parts_(most_parts), int8_sums_(int8_sums) {
  constexpr int kMostRanks = 3;
  if (int8_sums_ && ranks() > kMostRanks) {
    throw InvalidArgument(concat("sums in 8 bits: expected at most ", kMostRanks,
                                 " ranks side by side, got ", ranks()),
                          "leave the option out, or take more stages");
  }
}

PendingSum TensorParallel::sum(const at::Tensor& part) {
  return {group_->all_reduce(part, kSum), part, {}};
}

PendingSum TensorParallel::sum_of_activations(const at::Tensor& part) {
  constexpr std::int64_t kLeastTokens = 64;
  if (!int8_sums_ || part.size(0) < kLeastTokens) return sum(part);
  const at::Tensor own = int8_rows(part);
  const at::Tensor all = at::empty({ranks(), own.size(0), own.size(1)}, own.options());
  return {group_->all_gather(all, own, kSum), part, all};
}

at::Tensor TensorParallel::join_columns(const at::Tensor& part) {
  const at::Tensor parts = at::empty({ranks(), part.size(0), part.size(1)}, part.options());
  group_->all_gather(parts, part, "logits").wait();
  return parts.transpose(0, 1).reshape({part.size(0), ranks() * part.size(1)});
}

}  // namespace hadal::draf
