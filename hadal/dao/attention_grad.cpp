#include "hadal/dao/attention_grad.h"

#include "hadal/dao/check.h"
#include "hadal/dao/differentiable.h"

namespace hadal::dao {

AttentionResult attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                          const std::optional<BlockLists>& lists, const AttentionOptions& options) {
  // Autograd does not take undefined tensors; all else is checked by what it calls.
  check_defined(query, key, value);
  return differentiable_attention(query, key, value, /*lengths=*/{}, lists, options);
}

}  // namespace hadal::dao
