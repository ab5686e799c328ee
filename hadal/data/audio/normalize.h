#pragma once

#include <ATen/core/Tensor.h>

namespace hadal::data {

/// Samples fp32 [b, n], each row divided by its largest magnitude, so that the offset of a
/// logarithm means the same for loud and quiet recordings. Rows without any sound stay zeros.
/// Throws InvalidArgument for another type or shape.
at::Tensor normalize_peaks(const at::Tensor& samples);

/// Features fp32 [b, mels, t] with `lengths` int64 [b] valid frames each (1 to t), each utterance
/// shifted and scaled to mean 0 and variance 1 over all its bands and valid frames; its spectrum
/// keeps its shape, which tells short words apart. A standard deviation below 0.1 (in the units of
/// the features) counts as 0.1. Zeros from frame `length` on. Throws InvalidArgument for another
/// type, shape or length.
at::Tensor normalize_utterances(const at::Tensor& features, const at::Tensor& lengths);

}  // namespace hadal::data
