#pragma once

#include "hadal/msp/attack/ball.h"
#include "hadal/msp/attack/streams.h"

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// Where Square starts, at the edge of the ball around images [n, channels, height, width]:
/// vertical stripes of random sign for linf, a grid of bumps for l2.
at::Tensor first_move(const Ball& ball, Streams& streams);

/// The images `x` with one square each, of the share `share` of the image, moved: for linf to the
/// least or greatest values allowed, of random sign in each channel; for l2 a bump is added to one,
/// at the expense of what another has of the perturbation.
at::Tensor next_move(const Ball& ball, const at::Tensor& x, double share, Streams& streams);

}  // namespace hadal::msp
