#include "hadal/draf/engine/pass.h"

#include "hadal/core/error.h"

#include <ATen/ops/tensor.h>

namespace hadal::draf {

Pass pass_of(const std::vector<Slice>& slices) {
  std::vector<std::int64_t> ids;
  std::vector<std::int64_t> positions;
  std::vector<std::int64_t> rows;
  for (const auto& [work, count] : slices) {
    for (std::int64_t i = work->computed; i < work->computed + count; ++i) {
      ids.push_back(work->tokens[static_cast<std::size_t>(i)]);
      positions.push_back(i);
    }
    if (count == work->pending()) rows.push_back(static_cast<std::int64_t>(ids.size()) - 1);
  }
  return {at::tensor(ids, at::kLong), at::tensor(positions, at::kLong),
          at::tensor(rows, at::kLong)};
}

void check_logits(const at::Tensor& logits, const Pass& pass, const ModelShape& shape) {
  const std::vector<std::int64_t> sizes{pass.rows.size(0), shape.vocabulary};
  if (logits.scalar_type() == at::kFloat && logits.sizes() == sizes) return;
  throw Error(concat("engine: expected the model to give fp32 ", at::IntArrayRef(sizes), ", got ",
                     logits.scalar_type(), " ", logits.sizes()));
}

}  // namespace hadal::draf
