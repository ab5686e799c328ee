#include "hadal/dao/attention_grad.h"

#include "hadal/dao/check.h"
#include "hadal/dao/differentiable.h"

namespace hadal::dao {

AttentionResult attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                          const std::optional<BlockLists>& lists, const AttentionOptions& options) {
  // Before autograd, which does not take undefined tensors.
  check_attention(query, key, value, lists, options);
  return differentiable_attention(query, key, value, /*lengths=*/{}, lists, options);
}

}  // namespace hadal::dao
