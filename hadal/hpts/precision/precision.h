#pragma once

#include <string_view>

namespace hadal::hpts {

/// The type that a layer computes in. Weights, and what the optimizer adds to them, are fp32 in any
/// case.
enum class Precision { fp32, bf16, fp16 };

/// How a layer's input is kept from its forward to its backward:
/// exact        as the layer computed with it
/// bf16         rounded to bfloat16
/// int8_blocks  int8 with a scale a block of neighbouring values
enum class SavedFormat { exact, bf16, int8_blocks };

std::string_view name_of(Precision precision);
std::string_view name_of(SavedFormat format);
/// Parse a name. Throw InvalidArgument, listing the names.
Precision parse_precision(std::string_view name);
SavedFormat parse_saved_format(std::string_view name);

}  // namespace hadal::hpts
