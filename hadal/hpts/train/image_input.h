#pragma once

#include "hadal/core/random.h"

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::hpts {

/// Images [n, c, h, w] as a network takes them: fp32 [n, channels, size, size], about zero with a
/// deviation of about one, scaled bilinearly where they have another size. A grey image fills all
/// channels. Takes uint8, which is scaled by 1/255, or fp32 in [0, 1], through which gradients
/// flow.
at::Tensor network_input(const at::Tensor& images, std::int64_t channels, std::int64_t size);

/// The same images, each shifted by up to an eighth of their size in each direction.
at::Tensor shift_randomly(const at::Tensor& images, Random& random);
/// The same images, half of them mirrored left to right.
at::Tensor mirror_randomly(const at::Tensor& images, Random& random);

/// What is random about the images that a network learns from.
struct Augmentation {
  bool crop = false;  ///< shift_randomly()
  bool flip = false;  ///< mirror_randomly()
};
at::Tensor augmented(at::Tensor images, const Augmentation& augmentation, Random& random);

}  // namespace hadal::hpts
