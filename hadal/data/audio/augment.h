#pragma once

#include "hadal/core/random.h"

#include <ATen/core/Tensor.h>

namespace hadal::data {

/// A copy of `features`, fp32 [b, mels, t] with `lengths` int64 [b] valid frames each (1 to t), in
/// which random parts of each utterance are set to 0, the mean of normalized features, so that a
/// classifier comes to rely on no single one: two bands of up to 6 mels and, where it leaves more
/// than half of the utterance, a stretch of up to 8 frames (SpecAugment, Park et al., 2019). Throws
/// InvalidArgument for another type, shape or length.
at::Tensor mask_features(const at::Tensor& features, const at::Tensor& lengths, Random& random);

}  // namespace hadal::data
