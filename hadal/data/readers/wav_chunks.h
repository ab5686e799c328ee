#pragma once

#include "hadal/data/readers/endian.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace hadal::data::wav {

/// What a format chunk says.
struct Format {
  bool is_float = false;
  std::int64_t channels = 0;
  std::int64_t sample_rate = 0;
  /// Of one sample of one channel: 1 to 4, and 4 where is_float.
  std::size_t sample_bytes = 0;

  std::size_t frame_bytes() const { return static_cast<std::size_t>(channels) * sample_bytes; }
};

/// The samples in a file.
struct Sound {
  Format format;
  /// Interleaved and little-endian, whole frames.
  std::span<const std::byte> data;
  /// The place of `data` in the file.
  std::size_t first_byte = 0;
};

/// Finds the format and the data of a WAVE file: see read_wav().
Sound find_sound(std::span<const std::byte> bytes, const std::string& source);

}  // namespace hadal::data::wav
