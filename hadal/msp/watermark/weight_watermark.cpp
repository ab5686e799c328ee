#include "hadal/msp/watermark/weight_watermark.h"

#include "hadal/core/binomial.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/msp/watermark/golay.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace hadal::msp {
namespace {

using watermark::CodeBits;
using watermark::kCodeBits;
using watermark::KeyStream;

constexpr std::int64_t kFewestCarriers = 8 * static_cast<std::int64_t>(kCodeBits);
/// Elements count as at most this many times their tensor's root mean square, so that few of them
/// cannot decide.
constexpr float kMost = 3;

CodeBits code_of(const WatermarkKey& key, const std::string& owner) {
  if (owner.empty()) throw InvalidArgument("the owner of a watermark has no name");
  // The message hangs on the key, so that nobody can choose one that fits what he reads.
  KeyStream stream(key, "message of " + sha256(owner));
  watermark::Message message;
  for (std::size_t bit = 0; bit < message.size(); bit += 32) {
    const std::uint32_t word = stream.next();
    for (std::size_t i = 0; i < 32; ++i) message[bit + i] = (word >> i & 1) != 0;
  }
  return watermark::encode(message);
}

bool is_carrier(const at::Tensor& tensor) {
  return tensor.is_floating_point() && tensor.dim() >= 2 && tensor.numel() > 0;
}

/// Calls `visit(element, bit, sign)` for each element of the tensor `name`, in order: which code
/// bit it carries and whether as it is (1) or negated (-1).
template <class Visit>
void for_each_carrier(const WatermarkKey& key, const std::string& name, std::int64_t elements,
                      const Visit& visit) {
  KeyStream stream(key, "carriers in " + name);
  for (std::int64_t i = 0; i < elements; ++i) {
    const std::uint32_t word = stream.next();
    // 31 bits to a bit's number, with a bias of less than one in a million.
    visit(i, static_cast<std::size_t>((std::uint64_t{word >> 1} * kCodeBits) >> 31),
          (word & 1) != 0 ? 1.0F : -1.0F);
  }
}

struct Carrier {
  at::Tensor values;  ///< fp32, contiguous, on the CPU
  float scale = 0;    ///< root mean square; 0 where it carries nothing
};

Carrier carrier_of(const at::Tensor& tensor) {
  Carrier carrier{.values = tensor.detach().to(at::kCPU, at::kFloat).contiguous()};
  const float* values = carrier.values.const_data_ptr<float>();
  double squares = 0;
  for (std::int64_t i = 0; i < carrier.values.numel(); ++i) {
    squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  const double scale = std::sqrt(squares / static_cast<double>(carrier.values.numel()));
  carrier.scale = std::isfinite(scale) ? static_cast<float>(scale) : 0;
  return carrier;
}

/// What each code bit is read as: a sum that has a variance of about 1 by chance.
struct Reading {
  std::array<double, kCodeBits> soft{};
  std::array<double, kCodeBits> counts{};
  std::int64_t carriers = 0;
};

Reading read_bits(const Weights& weights, const WatermarkKey& key) {
  Reading reading;
  for (const auto& [name, tensor] : weights) {
    if (!is_carrier(tensor)) continue;
    const Carrier carrier = carrier_of(tensor);
    if (carrier.scale == 0) continue;
    const float* values = carrier.values.const_data_ptr<float>();
    for_each_carrier(key, name, carrier.values.numel(),
                     [&](std::int64_t i, std::size_t bit, float sign) {
                       const float value = std::clamp(values[i] / carrier.scale, -kMost, kMost);
                       reading.soft[bit] += static_cast<double>(sign * value);
                       reading.counts[bit] += 1;
                     });
    reading.carriers += carrier.values.numel();
  }
  for (std::size_t bit = 0; bit < kCodeBits; ++bit) {
    if (reading.counts[bit] > 0) reading.soft[bit] /= std::sqrt(reading.counts[bit]);
  }
  return reading;
}

}  // namespace

EmbedResult embed_watermark(const Weights& weights, const WatermarkKey& key,
                            const std::string& owner, const EmbedOptions& options) {
  const CodeBits code = code_of(key, owner);
  const Reading reading = read_bits(weights, key);
  if (reading.carriers < kFewestCarriers) {
    throw InvalidArgument(concat("the weights have ", reading.carriers,
                                 " elements in tensors of two or more dimensions, but ",
                                 kFewestCarriers, " are the fewest that carry a watermark"));
  }
  // By how much each element that carries a bit moves, of its tensor's root mean square.
  std::array<float, kCodeBits> moves{};
  for (std::size_t bit = 0; bit < kCodeBits; ++bit) {
    const double side = code[bit] ? 1 : -1;
    const double lack = std::max(0.0, options.strength - side * reading.soft[bit]);
    if (reading.counts[bit] > 0) {
      moves[bit] = static_cast<float>(side * lack / std::sqrt(reading.counts[bit]));
    }
  }
  EmbedResult result{.weights = weights, .carriers = reading.carriers};
  double change = 0, whole = 0;
  for (auto& [name, tensor] : result.weights) {
    if (!is_carrier(tensor)) continue;
    const Carrier carrier = carrier_of(tensor);
    if (carrier.scale == 0) continue;
    const at::Tensor moved = carrier.values.clone();
    float* values = moved.mutable_data_ptr<float>();
    for_each_carrier(key, name, moved.numel(), [&](std::int64_t i, std::size_t bit, float sign) {
      const float move = sign * moves[bit] * carrier.scale;
      change += static_cast<double>(move) * static_cast<double>(move);
      whole += static_cast<double>(values[i]) * static_cast<double>(values[i]);
      values[i] += move;
    });
    tensor = moved.to(tensor.device(), tensor.scalar_type());
  }
  result.relative_change = std::sqrt(change / whole);
  return result;
}

WatermarkClaim verify_watermark(const Weights& weights, const WatermarkKey& key,
                                const std::string& owner) {
  const CodeBits code = code_of(key, owner);
  const Reading reading = read_bits(weights, key);
  WatermarkClaim claim{.bits = static_cast<std::int64_t>(kCodeBits)};
  for (std::size_t bit = 0; bit < kCodeBits; ++bit) {
    claim.matches += code[bit] ? reading.soft[bit] > 0 : reading.soft[bit] < 0;
  }
  claim.log10_p = log10_fair_coin_tail(claim.matches, claim.bits);
  claim.is_read = claim.holds() && watermark::encode(watermark::decode(reading.soft)) == code;
  return claim;
}

}  // namespace hadal::msp
