#pragma once

#include <ATen/core/Tensor.h>

namespace hadal::data {

/// Features fp32 [b, mels, t] with `lengths` int64 [b] valid frames each (1 to t), each band of
/// each utterance shifted and scaled to mean 0 and variance 1 over its valid frames, which takes
/// out the loudness and the colour of the microphone and the room. Bands that vary by less than
/// `floor` (standard deviation, in the units of the features) are divided by `floor` instead. Zeros
/// from frame `length` on. Throws InvalidArgument for another type, shape or length.
at::Tensor normalize_utterances(const at::Tensor& features, const at::Tensor& lengths,
                                double floor = 0.1);

}  // namespace hadal::data
