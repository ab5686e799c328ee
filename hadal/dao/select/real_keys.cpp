#include "hadal/dao/select/real_keys.h"

#include <numeric>

namespace hadal::dao {

RealKeys::RealKeys(const std::optional<at::Tensor>& mask) {
  if (!mask) return;
  const at::Tensor rows = mask->contiguous();
  const auto* real = rows.const_data_ptr<bool>();
  keys_ = rows.size(1);
  before_.resize(static_cast<std::size_t>(rows.size(0) * (keys_ + 1)));
  auto to = before_.begin();
  for (std::int64_t entry = 0; entry < rows.size(0); ++entry, real += keys_) {
    to = std::inclusive_scan(real, real + keys_, to + 1, std::plus<>(), std::int64_t{0});
  }
}

}  // namespace hadal::dao
