#include "hadal/models/llama/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hadal::models {
namespace {

/// Su et al., 2021: theta^(-2i/d).
std::vector<float> plain(double theta, std::int64_t head_dim) {
  std::vector<float> frequencies;
  for (std::int64_t i = 0; i < head_dim; i += 2) {
    // The exponent in fp32, as transformers has it.
    const float exponent = static_cast<float>(i) / static_cast<float>(head_dim);
    frequencies.push_back(1.0F / std::pow(static_cast<float>(theta), exponent));
  }
  return frequencies;
}

/// Long waves are stretched by the factor, short ones kept, and those between a mixture.
void scale_as_llama3(const RopeConfig& config, std::vector<float>& frequencies) {
  const auto trained = static_cast<double>(config.trained);
  for (float& frequency : frequencies) {
    const double wave = 2 * std::numbers::pi / frequency;
    if (wave < trained / config.high_frequency) continue;
    const double stretched = frequency / config.factor;
    if (wave > trained / config.low_frequency) {
      frequency = static_cast<float>(stretched);
      continue;
    }
    const double kept =
        (trained / wave - config.low_frequency) / (config.high_frequency - config.low_frequency);
    frequency = static_cast<float>((1 - kept) * stretched + kept * frequency);
  }
}

/// The dimension that turns `rotations` times over the trained positions.
double dimension_of(double rotations, const RopeConfig& config, std::int64_t head_dim) {
  const double wave = static_cast<double>(config.trained) / (rotations * 2 * std::numbers::pi);
  return static_cast<double>(head_dim) * std::log(wave) / (2 * std::log(config.theta));
}

void scale_as_yarn(const RopeConfig& config, std::int64_t head_dim,
                   std::vector<float>& frequencies) {
  double low = dimension_of(config.fast, config, head_dim);
  double high = dimension_of(config.slow, config, head_dim);
  if (config.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(head_dim - 1));
  if (low == high) high += 0.001;
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double stretched = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    const double frequency = frequencies[i];
    frequencies[i] =
        static_cast<float>(frequency / config.factor * stretched + frequency * (1 - stretched));
  }
}

}  // namespace

RopeAngles::RopeAngles(const RopeConfig& config, std::int64_t head_dim)
    : config_(config), head_dim_(head_dim), frequencies_(plain(config.theta, head_dim)) {
  if (config.scaling == RopeScaling::linear) {
    for (float& frequency : frequencies_) frequency /= static_cast<float>(config.factor);
  }
  if (config.scaling == RopeScaling::llama3) scale_as_llama3(config, frequencies_);
  if (config.scaling == RopeScaling::yarn) scale_as_yarn(config, head_dim, frequencies_);
}

std::vector<float> RopeAngles::frequencies_at(std::int64_t position) const {
  // bloc97 and emozilla, 2023: the base grows so that the longest wave spans the longer sequence.
  const double length = static_cast<double>(position + 1) / static_cast<double>(config_.trained);
  const auto dim = static_cast<double>(head_dim_);
  const double growth =
      std::pow(config_.factor * length - (config_.factor - 1), dim / std::max(dim - 2, 1.0));
  return plain(config_.theta * growth, head_dim_);
}

void RopeAngles::at(std::int64_t position, float* cosine, float* sine) const {
  const bool beyond = config_.scaling == RopeScaling::dynamic && position >= config_.trained;
  const std::vector<float> grown = beyond ? frequencies_at(position) : std::vector<float>{};
  const std::vector<float>& frequencies = beyond ? grown : frequencies_;
  const auto factor = static_cast<float>(config_.attention_factor);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const float angle = static_cast<float>(position) * frequencies[i];
    cosine[i] = std::cos(angle) * factor;
    sine[i] = std::sin(angle) * factor;
  }
}

}  // namespace hadal::models
