#include "hadal/data/readers/wav.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/data/readers/wav_chunks.h"

#include <bit>
#include <cmath>

#include <ATen/ops/empty.h>

namespace hadal::data {
namespace {

using wav::Format;

/// Reads the sample of `Bytes` bytes at `bytes`, signed and little-endian, as a fraction of the
/// full scale.
template <int Bytes>
float integer_sample(const std::byte* bytes) {
  std::uint32_t bits = 0;
  for (int i = 0; i < Bytes; ++i) {
    // At the top of the word, where the sign bit is the word's.
    bits |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * (4 - Bytes + i));
  }
  // WAVE's 8-bit samples alone are unsigned, with silence at 128.
  if constexpr (Bytes == 1) bits ^= 0x80000000U;
  return static_cast<float>(std::bit_cast<std::int32_t>(bits)) * 0x1p-31F;
}

float float_sample(const std::byte* bytes) { return load<float, std::endian::little>(bytes); }

/// Turns interleaved samples into one row per channel.
template <class Sample>
void deinterleave(const wav::Sound& sound, at::Tensor& samples, Sample sample) {
  const auto channels = samples.size(0);
  const auto frames = samples.size(1);
  const std::byte* from = sound.data.data();
  auto* to = samples.mutable_data_ptr<float>();
  for (std::int64_t frame = 0; frame < frames; ++frame) {
    for (std::int64_t channel = 0; channel < channels; ++channel) {
      to[channel * frames + frame] = sample(from);
      from += sound.format.sample_bytes;
    }
  }
}

void check_finite(const wav::Sound& sound, const std::string& source) {
  for (std::size_t at = 0; at < sound.data.size(); at += sizeof(float)) {
    if (!std::isfinite(float_sample(sound.data.data() + at))) {
      throw FormatError(concat(source, ": byte ", sound.first_byte + at,
                               ": expected a finite sample, found NaN or infinity"),
                        "write the sound again as 16-bit PCM");
    }
  }
}

}  // namespace

Wav parse_wav(std::span<const std::byte> bytes, const std::string& source) {
  const wav::Sound sound = wav::find_sound(bytes, source);
  const Format& format = sound.format;
  const auto frames = static_cast<std::int64_t>(sound.data.size() / format.frame_bytes());
  Wav result{at::empty({format.channels, frames}, at::kFloat), format.sample_rate};
  if (format.is_float) {
    check_finite(sound, source);
    deinterleave(sound, result.samples, float_sample);
  } else if (format.sample_bytes == 1) {
    deinterleave(sound, result.samples, integer_sample<1>);
  } else if (format.sample_bytes == 2) {
    deinterleave(sound, result.samples, integer_sample<2>);
  } else if (format.sample_bytes == 3) {
    deinterleave(sound, result.samples, integer_sample<3>);
  } else {
    deinterleave(sound, result.samples, integer_sample<4>);
  }
  return result;
}

Wav read_wav(const std::filesystem::path& path) {
  const MappedFile file(path);
  return parse_wav(file.bytes(), path.string());
}

}  // namespace hadal::data
