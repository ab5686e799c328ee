#pragma once

#include <string_view>

namespace hadal::hpts {

/// How an optimizer keeps the running means of a parameter's gradients (bytes an element and mean):
/// fp32  4
/// bf16  2, rounded up or down at random, such that the mean is right
/// int8  1 and 4 for each 256 neighbours, rounded so too: the first mean evenly spaced (with Adam
/// in
///       units of the second's root), the second's root as a float of 4 bits of exponent and 4 of
///       mantissa
enum class StateFormat { fp32, bf16, int8 };

std::string_view name_of(StateFormat format);
/// Parses a name. Throws InvalidArgument, listing the names.
StateFormat parse_state_format(std::string_view name);

}  // namespace hadal::hpts
