#include "hadal/msp/attack/streams.h"

#include "hadal/core/error.h"

#include <cmath>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

namespace hadal::msp {

Streams::Streams(std::uint64_t seed, std::string_view purpose, int run, const at::Tensor& places) {
  const std::string name = concat(purpose, " ", run);
  const at::Tensor held = places.to(at::kCPU).contiguous();
  const auto* place = held.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < places.numel(); ++i) {
    streams_.emplace_back(seed, name, static_cast<std::uint64_t>(place[i]));
  }
}

void Streams::keep(const at::Tensor& index) {
  const at::Tensor held = index.to(at::kCPU).contiguous();
  std::vector<Random> kept;
  for (std::int64_t i = 0; i < held.numel(); ++i) {
    kept.push_back(streams_.at(static_cast<std::size_t>(held.const_data_ptr<std::int64_t>()[i])));
  }
  streams_ = std::move(kept);
}

template <class Draw>
at::Tensor Streams::drawn(const at::Tensor& like, const Draw& draw) {
  const at::Tensor values = at::empty(like.sizes(), at::kDouble);
  if (values.numel() == 0) return at::empty_like(like);
  auto* value = values.mutable_data_ptr<double>();
  const std::int64_t each = values.numel() / values.size(0);
  for (Random& stream : streams_) {
    for (std::int64_t i = 0; i < each; ++i) *value++ = draw(stream);
  }
  return at::empty_like(like).copy_(values);
}

at::Tensor Streams::uniform(const at::Tensor& like) {
  return drawn(like, [](Random& random) { return random.uniform(-1, 1); });
}

at::Tensor Streams::normal(const at::Tensor& like) {
  return drawn(like, [](Random& random) { return random.normal(); });
}

at::Tensor Streams::laplace(const at::Tensor& like) {
  return drawn(like, [](Random& random) {
    const double sign = random.below(2) == 0 ? -1 : 1;
    return -sign * std::log1p(-random.uniform());
  });
}

at::Tensor Streams::fractions(const at::Tensor& like) {
  const at::Tensor one_each = like.flatten(1).slice(1, 0, 1);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = like.size(0);
  return drawn(one_each, [](Random& random) { return random.uniform(); }).reshape(shape);
}

}  // namespace hadal::msp
