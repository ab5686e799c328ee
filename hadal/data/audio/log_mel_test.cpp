#include "hadal/data/audio/log_mel.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/testing/paths.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::data {
namespace {

/// Those of testdata/make_log_mel.py.
LogMelOptions golden_options(const std::string& name) {
  if (name == "wide") return {16000, 400, 400, 160, 80, 20.0, 7600.0, 1e-6};
  if (name == "odd_window") return {8000, 128, 101, 53, 23, 60.0, 3700.0, 1e-3};
  if (name == "empty_bands") return {11025, 64, 64, 64, 48, 0.0, 5512.5, 1e-5};
  return {};
}

at::Tensor noise(std::int64_t batch, std::int64_t length) {
  Random random(1);
  const at::Tensor samples = at::empty({batch, length}, at::kFloat);
  float* data = samples.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < samples.numel(); ++i)
    data[i] = static_cast<float>(random.uniform(-1, 1));
  return samples;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a - b).abs().max().item<double>();
}

class LogMelGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(LogMelGolden, EqualsTorchaudio) {
  const SafetensorsReader golden(
      hadal::testing::source_path("hadal/data/audio/testdata/log_mel.safetensors"));
  const LogMel log_mel(golden_options(GetParam()));
  for (const std::string signal : {"noise", "speech_like", "silence", "impulse", "square"}) {
    const at::Tensor samples = golden.tensor("samples." + signal).unsqueeze(0);
    const at::Tensor expected = golden.tensor(GetParam() + "." + signal);
    EXPECT_LT(largest_difference(log_mel(samples)[0], expected), 1e-4) << signal;
  }
}

INSTANTIATE_TEST_SUITE_P(AllOptions, LogMelGolden,
                         ::testing::Values("default", "wide", "odd_window", "empty_bands"),
                         [](const auto& info) { return info.param; });

/// The formula in double precision with a plain Fourier sum, for one frame of one band.
double oracle(const at::Tensor& samples, const LogMelOptions& options, std::int64_t band,
              std::int64_t frame) {
  const auto n = samples.size(0);
  const auto sample = [&](std::int64_t i) {
    i = std::abs(i);
    return samples[i < n ? i : 2 * (n - 1) - i].item<double>();
  };
  const auto mel = [](double hz) { return 2595 * std::log10(1 + hz / 700); };
  const auto edge = [&](std::int64_t i) {
    const double step = (mel(options.high) - mel(options.low)) / double(options.mels + 1);
    return 700 * (std::pow(10, (mel(options.low) + step * double(i)) / 2595) - 1);
  };
  const double low = edge(band), centre = edge(band + 1), high = edge(band + 2);
  const std::int64_t left = (options.fft - options.window) / 2;
  double power = 0;
  for (std::int64_t bin = 0; bin <= options.fft / 2; ++bin) {
    const double hz = double(bin * options.sample_rate) / double(options.fft);
    const double weight =
        std::max(0.0, std::min((hz - low) / (centre - low), (high - hz) / (high - centre)));
    if (weight == 0) continue;
    double real = 0, imaginary = 0;
    for (std::int64_t i = 0; i < options.window; ++i) {
      const double phase = 2 * std::numbers::pi * double(i) / double(options.window);
      const double value =
          (0.5 - 0.5 * std::cos(phase)) * sample(frame * options.hop - options.fft / 2 + left + i);
      const double angle = 2 * std::numbers::pi * double(bin * (left + i)) / double(options.fft);
      real += value * std::cos(angle);
      imaginary += value * std::sin(angle);
    }
    power += weight * (real * real + imaginary * imaginary);
  }
  return std::log(power + options.log_offset);
}

TEST(LogMel, EqualsAPlainFourierSumInDoublePrecision) {
  const at::Tensor samples = noise(1, 517);
  for (const auto& options : {LogMelOptions{}, LogMelOptions{.fft = 512, .window = 256, .hop = 101},
                              LogMelOptions{.mels = 8, .low = 300, .high = 3400}}) {
    const at::Tensor features = LogMel(options)(samples)[0];
    for (std::int64_t frame = 0; frame < features.size(1); ++frame) {
      for (const std::int64_t band : {std::int64_t{0}, options.mels / 2, options.mels - 1}) {
        EXPECT_NEAR(features[band][frame].item<double>(), oracle(samples[0], options, band, frame),
                    1e-4)
            << "band " << band << ", frame " << frame;
      }
    }
  }
}

TEST(LogMel, CountsFramesAsItMakesThem) {
  const LogMel log_mel;
  for (const std::int64_t length : {129, 159, 160, 161, 800}) {
    EXPECT_EQ(log_mel(noise(1, length)).size(2), log_mel.frames(length)) << length;
  }
  EXPECT_EQ(log_mel.frames(at::tensor({159L, 160L}))[1].item<std::int64_t>(), 3);
}

TEST(LogMel, GivesAPaddedUtteranceTheFeaturesThatItHasAlone) {
  const LogMel log_mel;
  const at::Tensor samples = noise(4, 1000);  // padded with noise: what follows must not matter
  const std::vector<std::int64_t> lengths = {1000, 129, 640, 555};
  const at::Tensor features = log_mel(samples, at::tensor(lengths));
  for (std::int64_t i = 0; i < 4; ++i) {
    const std::int64_t length = lengths[static_cast<std::size_t>(i)];
    const std::int64_t frames = log_mel.frames(length);
    const at::Tensor alone = log_mel(samples.narrow(0, i, 1).narrow(1, 0, length))[0];
    EXPECT_LT(largest_difference(features[i].narrow(1, 0, frames), alone), 1e-5) << length;
    EXPECT_EQ(features[i].slice(1, frames).count_nonzero().item<std::int64_t>(), 0) << length;
  }
}

void expect_refused(const LogMelOptions& options, const std::string& name) {
  try {
    LogMel{options};
    ADD_FAILURE() << "accepted: " << name;
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
  }
}

TEST(LogMel, RefusesOptionsOutOfRangeByName) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_refused({.sample_rate = 0}, "sample_rate");
  expect_refused({.fft = 1}, "fft");
  expect_refused({.fft = 255}, "fft");
  expect_refused({.fft = std::int64_t{1} << 62}, "fft");
  expect_refused({.window = 0}, "window");
  expect_refused({.window = 257}, "window");
  expect_refused({.hop = 0}, "hop");
  expect_refused({.mels = 0}, "mels");
  expect_refused({.low = -1}, "low");
  expect_refused({.low = 4000}, "low");
  expect_refused({.low = nan}, "low");
  expect_refused({.high = 4001}, "high");
  expect_refused({.log_offset = 0}, "log_offset");
  expect_refused({.log_offset = nan}, "log_offset");
}

TEST(LogMel, RefusesInputsThatItCannotTake) {
  const LogMel log_mel;
  EXPECT_THROW(log_mel(at::Tensor()), InvalidArgument);
  EXPECT_THROW(log_mel(at::zeros({800})), InvalidArgument);
  EXPECT_THROW(log_mel(at::zeros({1, 800}, at::kDouble)), InvalidArgument);
  EXPECT_THROW(log_mel(at::zeros({1, 128})), InvalidArgument);
  EXPECT_THROW(log_mel(at::zeros({0, 800})), InvalidArgument);
  EXPECT_THROW(log_mel(at::zeros({1, 800}), at::tensor({801L})), InvalidArgument);
  EXPECT_THROW(log_mel(at::zeros({1, 800}), at::tensor({128L})), InvalidArgument);
  EXPECT_THROW(log_mel(at::zeros({1, 800}), at::tensor({800L, 800L})), InvalidArgument);
  EXPECT_THROW(log_mel(at::zeros({1, 800}), at::tensor({800.0})), InvalidArgument);
}

}  // namespace
}  // namespace hadal::data
