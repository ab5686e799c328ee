#include "hadal/hpts/precision/precision.h"

#include "hadal/core/error.h"

#include <array>

namespace hadal::hpts {
namespace {

// In the order of the enumerations.
constexpr std::array<std::string_view, 3> kPrecisions{"fp32", "bf16", "fp16"};
constexpr std::array<std::string_view, 3> kSavedFormats{"exact", "bf16", "int8_blocks"};

template <class Value, std::size_t count>
Value parse(std::string_view name, std::string_view what,
            const std::array<std::string_view, count>& names) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    if (names[i] == name) return static_cast<Value>(i);
    list += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  throw InvalidArgument(concat("expected a ", what, ", got \"", name, "\""), "one of " + list);
}

}  // namespace

std::string_view name_of(Precision precision) {
  return kPrecisions.at(static_cast<std::size_t>(precision));
}

std::string_view name_of(SavedFormat format) {
  return kSavedFormats.at(static_cast<std::size_t>(format));
}

Precision parse_precision(std::string_view name) {
  return parse<Precision>(name, "precision", kPrecisions);
}

SavedFormat parse_saved_format(std::string_view name) {
  return parse<SavedFormat>(name, "format of saved activations", kSavedFormats);
}

}  // namespace hadal::hpts
