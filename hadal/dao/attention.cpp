#include "hadal/dao/attention.h"

#include "hadal/dao/check.h"
#include "hadal/dao/kernels/cuda/attention.h"
#include "hadal/dao/run_forward.h"

namespace hadal::dao {

AttentionResult attention_forward(const at::Tensor& query, const at::Tensor& key,
                                  const at::Tensor& value, const std::optional<BlockLists>& lists,
                                  const AttentionOptions& options) {
  check_attention(query, key, value, lists, options);
#if defined(HADAL_CUDA)
  if (query.is_cuda()) return kernels::cuda::attention_forward(query, key, value, lists, options);
#endif
  AttentionResult result =
      run_forward(forward_kernel(query.scalar_type()),
                  {query, key, value, batch_sequences(query, key), lists, options});
  result.output = result.output.to(query.scalar_type());
  return result;
}

}  // namespace hadal::dao
