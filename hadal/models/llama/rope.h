#pragma once

#include "hadal/models/llama/config.h"

#include <cstdint>
#include <vector>

namespace hadal::models {

/// The angles by which the positions of a model turn its heads, in the half-split layout: element i
/// of a head is paired with element i + head_dim / 2. The formulas are those of transformers 5.23.0
/// (modeling_rope_utils.py), whose angles are fp32 products too.
class RopeAngles {
 public:
  RopeAngles(const RopeConfig& config, std::int64_t head_dim);

  /// Writes head_dim / 2 cosines and as many sines of `position`, times the attention factor.
  ///
  /// With dynamic scaling a position beyond the trained ones is turned as if it were the last of
  /// its sequence, which is what transformers does as it generates, token by token. A prompt longer
  /// than the trained positions it turns all by its last position; here a token's angles never
  /// depend on what follows.
  void at(std::int64_t position, float* cosine, float* sine) const;

  /// Radians a position, one for each pair.
  const std::vector<float>& frequencies() const { return frequencies_; }

 private:
  std::vector<float> frequencies_at(std::int64_t position) const;

  RopeConfig config_;
  std::int64_t head_dim_;
  std::vector<float> frequencies_;
};

}  // namespace hadal::models
