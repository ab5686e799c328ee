#include "hadal/draf/parallel/pipeline_parallel.h"

#include "hadal/draf/parallel/message.h"

#include <utility>

#include <ATen/ops/empty.h>

namespace hadal::draf {
namespace {

constexpr const char* kStream = "activations between stages";
constexpr const char* kCommand = "an engine's next step";

}  // namespace

PipelineParallel::PipelineParallel(ProcessGroup& group, int stages, std::int64_t most_parts)
    : stages_(stages), stage_(group.rank() / (group.size() / stages)), most_parts_(most_parts) {
  const int place = group.rank() % (group.size() / stages);
  column_ = group.split(place);
  // Pairs of stages: those that begin at an even one, then those that begin at an odd one.
  const auto from_even = group.split(place * stages + stage_ / 2);
  const auto from_odd = group.split(place * stages + (stage_ + 1) / 2);
  next_ = stage_ % 2 == 0 ? from_even : from_odd;
  previous_ = stage_ % 2 == 0 ? from_odd : from_even;
}

void PipelineParallel::expect(std::span<const std::int64_t> tokens, std::int64_t dim) {
  if (is_first()) return;
  for (const std::int64_t count : tokens) {
    const at::Tensor stream = at::empty({count, dim}, at::kFloat);
    coming_.push_back({stream, previous_->broadcast(stream, 0, kStream)});
  }
}

at::Tensor PipelineParallel::receive(std::int64_t tokens, std::int64_t dim) {
  if (coming_.empty()) expect({&tokens, 1}, dim);
  Coming coming = std::move(coming_.front());
  coming_.pop_front();
  coming.arrival.wait();
  return coming.stream;
}

void PipelineParallel::send(const at::Tensor& stream) {
  sent_.push_back(next_->broadcast(stream.contiguous(), 0, kStream));
  settle(static_cast<std::size_t>(most_parts_ - 1));
}

std::vector<std::uint8_t> PipelineParallel::hear() {
  return receive_message(*previous_, 0, kCommand);
}

void PipelineParallel::tell(std::span<const std::uint8_t> bytes) {
  if (is_last()) return;
  for (PendingCollective& sent : begin_message(*next_, bytes, kCommand)) {
    sent_.push_back(std::move(sent));
  }
  settle(static_cast<std::size_t>(most_parts_ - 1));
}

void PipelineParallel::settle(std::size_t most_left) {
  while (sent_.size() > most_left) {
    sent_.front().wait();
    sent_.pop_front();
  }
}

std::vector<std::uint8_t> PipelineParallel::from_last(std::vector<std::uint8_t> bytes) {
  constexpr const char* kTokens = "the tokens of the last stage";
  if (!is_last()) return receive_message(*column_, stages_ - 1, kTokens);
  for (PendingCollective& sent : begin_message(*column_, bytes, kTokens)) sent.wait();
  return bytes;
}

}  // namespace hadal::draf
