#pragma once

#include "hadal/core/safetensors/dtype.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::safetensors {

/// A tensor's entry as the JSON has it; nothing but the types of its fields is checked.
struct RawEntry {
  const SafetensorsDtype* dtype = nullptr;
  std::vector<std::int64_t> shape;
  /// Begin and end, counted from the end of the header.
  std::vector<std::uint64_t> data_offsets;
};

struct RawHeader {
  std::map<std::string, RawEntry, std::less<>> tensors;
  std::map<std::string, std::string> metadata;
};

/// Parses a header's JSON `text`, which starts `first_byte` bytes into the file `source`. Memory is
/// linear in the text's size and stack use constant, whatever the nesting. Throws FormatError.
RawHeader parse_header_json(std::string_view text, std::size_t first_byte,
                            const std::string& source);

}  // namespace hadal::safetensors
