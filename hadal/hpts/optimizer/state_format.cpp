#include "hadal/hpts/optimizer/state_format.h"

#include "hadal/core/error.h"

#include <array>

namespace hadal::hpts {
namespace {

constexpr std::array<std::string_view, 3> kNames{"fp32", "bf16", "int8"};  // in the enum's order

}  // namespace

std::string_view name_of(StateFormat format) { return kNames.at(static_cast<std::size_t>(format)); }

StateFormat parse_state_format(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<StateFormat>(i);
  }
  throw InvalidArgument(concat("expected a format of optimizer state, got \"", name, "\""),
                        "one of fp32, bf16, int8");
}

}  // namespace hadal::hpts
