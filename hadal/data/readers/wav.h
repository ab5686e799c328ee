#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::data {

/// Sound, as a RIFF/WAVE file holds it.
struct Wav {
  /// fp32 [channels, frames]. Integer samples are scaled to [-1, 1); only the largest of 32 bits
  /// round to 1. Float samples are finite and as they are in the file.
  at::Tensor samples;
  /// In Hz.
  std::int64_t sample_rate = 0;
};

/// Reads PCM of 8, 16, 24 or 32 bits, or 32-bit float, with a plain or an extensible format chunk.
/// Other chunks are skipped, and the RIFF size is not looked at. Programs that write to a pipe do
/// not know the size of their data: where it is 0, 0xFFFFFFFF or 0x7FFFF000 (espeak-ng, sox), the
/// whole frames of the rest of the file are taken.
///
/// Throws IoError where the file cannot be read, FormatError, naming the byte, where it is
/// malformed, and Unsupported where it has another encoding.
Wav read_wav(const std::filesystem::path& path);

/// The same for the `bytes` of a file; `source` names them in errors.
Wav parse_wav(std::span<const std::byte> bytes, const std::string& source);

}  // namespace hadal::data
