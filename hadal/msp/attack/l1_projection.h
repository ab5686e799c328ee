#pragma once

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// Of each row of `perturbations` [n, d] the nearest in the L2 sense whose L1 norm is at most
/// `epsilon` and whose elements lie between those of `lower` (0 or less) and `upper` (0 or more),
/// both [n, d]. It is sign(p) min(max(|p| - t, 0), room) for the smallest t >= 0 that fits, which
/// the sorted points where that sum bends give (Croce and Hein, 2021, "Mind the box").
at::Tensor project_l1(const at::Tensor& perturbations, const at::Tensor& lower,
                      const at::Tensor& upper, double epsilon);

}  // namespace hadal::msp
