#include "hadal/hpts/precision/precision.h"

#include "hadal/core/names.h"

#include <array>

namespace hadal::hpts {
namespace {

// In the order of the enumerations.
constexpr std::array<std::string_view, 3> kPrecisions{"fp32", "bf16", "fp16"};
constexpr std::array<std::string_view, 3> kSavedFormats{"exact", "bf16", "int8_blocks"};

}  // namespace

std::string_view name_of(Precision precision) {
  return kPrecisions.at(static_cast<std::size_t>(precision));
}

std::string_view name_of(SavedFormat format) {
  return kSavedFormats.at(static_cast<std::size_t>(format));
}

Precision parse_precision(std::string_view name) {
  return parse_name<Precision>(name, "precision", kPrecisions);
}

SavedFormat parse_saved_format(std::string_view name) {
  return parse_name<SavedFormat>(name, "format of saved activations", kSavedFormats);
}

}  // namespace hadal::hpts
