#pragma once

#include "hadal/core/safetensors/dtype.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace hadal {

/// What a safetensors header says of one tensor.
struct SafetensorsInfo {
  SafetensorsDtype dtype;
  /// In elements of `dtype`, so the last size of an F4 tensor is twice that of its ATen tensor.
  std::vector<std::int64_t> shape;
  /// The tensor's bytes, [begin, end), counted from the start of the file.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, SafetensorsInfo, std::less<>> tensors;
  /// The `__metadata__` of the file; empty where it has none.
  std::map<std::string, std::string> metadata;
};

/// The longest header that the format allows, in bytes.
inline constexpr std::uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;

/// Reads and checks the header of `file`, the bytes of a whole safetensors file: 8 bytes of
/// little-endian header length, the JSON header, the data. Beyond what the JSON must look like, it
/// holds that every tensor's byte range has the size that its dtype and shape ask for, and that the
/// ranges cover the data without overlap, hole or rest. Stricter than the reference implementation
/// where the format's description is: duplicate names, fields other than dtype, shape and
/// data_offsets, a `__metadata__` of null and white space before the `{` are refused.
///
/// `source` names the file in errors. Throws FormatError, naming the tensor or byte at fault.
SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file,
                                           const std::string& source);

}  // namespace hadal
