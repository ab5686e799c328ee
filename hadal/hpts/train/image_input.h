#pragma once

#include "hadal/core/random.h"

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::hpts {

/// Images uint8 [n, c, h, w] as a network takes them: fp32 [n, channels, size, size], about zero
/// with a deviation of about one, scaled bilinearly where they have another size. A grey image
/// fills all channels.
at::Tensor network_input(const at::Tensor& images, std::int64_t channels, std::int64_t size);

/// The same images, each shifted by up to an eighth of their size in each direction.
at::Tensor shift_randomly(const at::Tensor& images, Random& random);
/// The same images, half of them mirrored left to right.
at::Tensor mirror_randomly(const at::Tensor& images, Random& random);

}  // namespace hadal::hpts
