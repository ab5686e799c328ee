#pragma once

#include "hadal/data/labelled_images.h"

#include <cstdint>

namespace hadal::data {

/// `count` images, uint8 [count, 1, 28, 28], light on dark, of the digits 0 to 9, in random order
/// and each within one as often as any other. Each is one of several stroke drawings under a random
/// affine map, elastic distortion, stroke width, contrast, occlusion and noise; strokes are
/// anti-aliased. Deterministic for a seed. Throws InvalidArgument for a count below 0.
LabelledImages generate_glyphs(std::int64_t count, std::uint64_t seed);

}  // namespace hadal::data
