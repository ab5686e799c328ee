#pragma once

#include "hadal/core/random.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hadal::msp {

/// What a slot of a searched network may do; all keep channels and size.
enum class Operation { conv3, conv5, dilated3, separable5, max_pool, identity };
inline constexpr std::array kOperations{Operation::conv3,    Operation::conv5,
                                        Operation::dilated3, Operation::separable5,
                                        Operation::max_pool, Operation::identity};
std::string_view name_of(Operation operation);

/// A network of the search space: a 5x5 convolution with stride 2, slots of one operation each at
/// half and, after pooling, at a quarter of the image's size, and a linear layer.
inline constexpr std::size_t kSlots = 4;  // half of them at each size
using Architecture = std::array<Operation, kSlots>;

/// "conv3 conv5 | identity max_pool".
std::string text_of(const Architecture& architecture);
/// Each slot by itself, all operations alike.
Architecture random_architecture(Random& random);

/// Multiplications of one slot for one image, where `channels` have `size` x `size` pixels.
double multiplications(Operation operation, std::int64_t channels, std::int64_t size);
/// Of all slots, for images whose half is `half` x `half`.
double multiplications(const Architecture& architecture, std::int64_t channels, std::int64_t half);

}  // namespace hadal::msp
