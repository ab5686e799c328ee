#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// How many of the keys before each are real, that is no padding, for each entry of a batch.
class RealKeys {
 public:
  /// Of AttentionOptions::key_mask, bool [batch, keys]; all are real where it is empty.
  explicit RealKeys(const std::optional<at::Tensor>& mask = {});

  /// The counts of `batch`, one more than there are keys; null where all are real.
  const std::int64_t* before(std::int64_t batch) const {
    return keys_ == 0 ? nullptr : before_.data() + batch * (keys_ + 1);
  }

 private:
  std::int64_t keys_ = 0;
  std::vector<std::int64_t> before_;
};

}  // namespace hadal::dao
