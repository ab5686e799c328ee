#include "hadal/dao/key_bits.h"

#include "hadal/dao/block_lists.h"

#include <ATen/TensorOperators.h>

namespace hadal::dao {

KeyBits::KeyBits(const std::optional<at::Tensor>& mask) {
  if (!mask) return;
  const at::Tensor dense = mask->contiguous();
  const auto* real = dense.const_data_ptr<bool>();
  const std::int64_t keys = dense.size(1);
  blocks_ = blocks_of(keys);
  words_.assign(static_cast<std::size_t>(dense.size(0) * blocks_), 0);
  for (std::int64_t i = 0; i < dense.numel(); ++i) {
    const auto word = static_cast<std::size_t>(i / keys * blocks_ + i % keys / kBlockSize);
    words_[word] |= std::uint64_t{real[i]} << (i % keys % kBlockSize);
  }
}

at::Tensor without_padding(const at::Tensor& tensor, const std::optional<at::Tensor>& key_mask) {
  if (!key_mask) return tensor;
  return tensor.masked_fill(~key_mask->unsqueeze(1).unsqueeze(3), 0);
}

}  // namespace hadal::dao
