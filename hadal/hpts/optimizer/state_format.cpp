#include "hadal/hpts/optimizer/state_format.h"

#include "hadal/core/names.h"

#include <array>

namespace hadal::hpts {
namespace {

constexpr std::array<std::string_view, 3> kNames{"fp32", "bf16", "int8"};  // in the enum's order

}  // namespace

std::string_view name_of(StateFormat format) { return kNames.at(static_cast<std::size_t>(format)); }

StateFormat parse_state_format(std::string_view name) {
  return parse_name<StateFormat>(name, "format of optimizer state", kNames);
}

}  // namespace hadal::hpts
