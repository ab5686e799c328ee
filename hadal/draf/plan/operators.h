#pragma once

#include "hadal/draf/plan/cluster.h"

namespace hadal::draf::plan {

/// Numbers of activations take 2 bytes.
inline constexpr double kActivationBytes = 2;

/// A product of [rows, inner] and [inner, columns], whose second factor, the weights, takes
/// `weight_bytes` a number. The roofline (Williams et al., 2009) with a rounded corner: with c
/// the seconds of computing and m those of reading and writing, kernel + (c^p + m^p)^(1/p), where
/// p = roofline_power; an infinite p would be max(c, m), where the two overlap fully.
double matmul_seconds(const Device& device, double rows, double inner, double columns,
                      double weight_bytes = 2);

/// Operators that read and write `bytes` and compute little.
double elementwise_seconds(const Device& device, double bytes);

/// Attention that reads `cache_bytes` of keys and values and computes `flops`.
double attention_seconds(const Device& device, double cache_bytes, double flops);

}  // namespace hadal::draf::plan
