#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// A key mask as the kernels take it: bit i of word j of a batch entry tells whether its key
/// kBlockSize j + i is real. Bits beyond the keys are 0.
class KeyBits {
 public:
  KeyBits() = default;
  /// Of a mask that is bool [batch, keys] on the CPU.
  explicit KeyBits(const std::optional<at::Tensor>& mask);

  /// The words of a batch entry; null where there is no mask.
  const std::uint64_t* of(std::int64_t batch) const {
    return words_.empty() ? nullptr : words_.data() + batch * blocks_;
  }

 private:
  std::int64_t blocks_ = 0;
  std::vector<std::uint64_t> words_;
};

/// `tensor` [batch, heads, keys, head_dim] with zeros in place of the keys that are not real, so
/// that whatever they hold reaches nothing.
at::Tensor without_padding(const at::Tensor& tensor, const std::optional<at::Tensor>& key_mask);

}  // namespace hadal::dao
