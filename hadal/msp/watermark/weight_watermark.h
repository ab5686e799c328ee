#pragma once

#include "hadal/msp/watermark/key.h"

#include <cstdint>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

using Weights = std::map<std::string, at::Tensor>;

struct EmbedOptions {
  /// How far each of the 528 code bits is moved, in standard deviations of what it is by chance. A
  /// bit is read wrongly once in 740 at 3.
  double strength = 3;
};

struct EmbedResult {
  Weights weights;             ///< new tensors where changed, the same ones elsewhere
  std::int64_t carriers = 0;   ///< elements that carry it
  double relative_change = 0;  ///< norm of the change / norm of the carriers
};

/// What a claim of ownership comes to.
struct WatermarkClaim {
  std::int64_t matches = 0;  ///< code bits that are as the owner says
  std::int64_t bits = 0;     ///< 528
  double log10_p = 0;        ///< of as many matches by a key that has nothing to do with the model
  bool is_read = false;      ///< the owner's 256 bits come out without an error
  /// Whether the chance is below 1e-9.
  bool holds() const { return log10_p < -9; }
};

/// Hides `owner`, a text that names them, in the weights: its 256 bits, SHA-256 of the text under
/// the key, error-corrected by the Golay code to 528, are each spread over a secret part of the
/// elements (spread spectrum; Cox et al., 1997, on weights as Uchida et al., 2017). An element
/// moves by the same secret sign times the least that lifts its bit to `strength`. Carriers are all
/// floating-point tensors of two or more dimensions. Where they are few, each moves more: the
/// relative change is about strength * sqrt(528 / carriers). Throws InvalidArgument where there are
/// fewer than 8 carriers a bit or the owner is empty.
EmbedResult embed_watermark(const Weights& weights, const WatermarkKey& key,
                            const std::string& owner, const EmbedOptions& options = {});

/// Reads what the key finds in the weights and compares with `owner`. For a key and an owner chosen
/// without knowledge of the weights, each bit matches with a chance of 1/2 at most, whatever the
/// weights, so that the p-value is exact: the upper tail of a binomial distribution. Tensors that
/// are missing or renamed only weaken it. Throws InvalidArgument where the owner is empty.
WatermarkClaim verify_watermark(const Weights& weights, const WatermarkKey& key,
                                const std::string& owner);

}  // namespace hadal::msp
