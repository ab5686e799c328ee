#pragma once

#include "hadal/core/error.h"
#include "hadal/data/readers/cifar10.h"
#include "hadal/data/readers/gzip.h"
#include "hadal/data/readers/idx.h"
#include "hadal/data/readers/json_lines.h"
#include "hadal/data/readers/text.h"
#include "hadal/data/readers/wav.h"
#include "hadal/testing/require.h"

#include <cmath>
#include <cstddef>
#include <span>
#include <string>

/// What fuzzers, and tests over what they found, feed hostile bytes to. An Error is an expected
/// outcome; any other exception escapes, and a broken promise ends the program.
namespace hadal::data {

using hadal::testing::require;

inline std::string to_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void exercise_gzip(std::span<const std::byte> bytes) {
  constexpr std::size_t kMost = 1 << 17;
  try {
    require(gunzip(bytes, kMost, "input").size() <= kMost);
  } catch (const FormatError&) {
  }
}

inline void exercise_idx(std::span<const std::byte> bytes) {
  try {
    const at::Tensor tensor = parse_idx(bytes, "input");
    require(tensor.nbytes() + 4 + 4 * static_cast<std::size_t>(tensor.dim()) == bytes.size());
  } catch (const FormatError&) {
  }
}

inline void exercise_cifar10(std::span<const std::byte> bytes) {
  try {
    const LabelledImages read = parse_cifar10(bytes, "input");
    require(read.images.nbytes() + static_cast<std::size_t>(read.labels.numel()) == bytes.size());
  } catch (const FormatError&) {
  }
}

inline void exercise_wav(std::span<const std::byte> bytes) {
  try {
    const Wav wav = parse_wav(bytes, "input");
    require(wav.sample_rate > 0 && wav.samples.size(0) > 0);
    require(static_cast<std::size_t>(wav.samples.numel()) <= bytes.size());
    const float* samples = wav.samples.const_data_ptr<float>();
    for (std::int64_t i = 0; i < wav.samples.numel(); ++i) require(std::isfinite(samples[i]));
  } catch (const FormatError&) {
  } catch (const Unsupported&) {
  }
}

/// Runs `read`, which may find a field to be of another type.
template <class Read>
void attempt(const Read& read) {
  try {
    read();
  } catch (const FormatError&) {
  }
}

inline void exercise_object(const JsonObject& object) {
  for (const std::string& name : object.names()) {
    require(object.contains(name));
    attempt([&] { object.string(name); });
    attempt([&] { object.number(name); });
    attempt([&] { object.integer(name); });
    attempt([&] { object.strings(name); });
    attempt([&] { exercise_object(object.object(name)); });
  }
  attempt([&] { object.string("no such field"); });
}

inline void exercise_json_lines(std::span<const std::byte> bytes) {
  JsonLines lines(to_text(bytes), "input");
  attempt([&] {
    while (const auto object = lines.next()) exercise_object(*object);
  });
}

inline void exercise_text(std::span<const std::byte> bytes) {
  try {
    const std::string text = parse_text(to_text(bytes), "input");
    require(text.size() == bytes.size() || text.size() + 3 == bytes.size());
  } catch (const FormatError&) {
  }
}

}  // namespace hadal::data
