#include "hadal/dao/finite.h"

#include <atomic>
#include <cstdint>

#include <ATen/Parallel.h>

namespace hadal::dao {
namespace {

/// Numbers that are not finite have all bits of their exponent set.
template <class Bits>
bool all_finite(const Bits* numbers, std::int64_t count, Bits exponent) {
  Bits found = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    found |= static_cast<Bits>((numbers[i] & exponent) == exponent);
  }
  return found == 0;
}

}  // namespace

bool all_finite(const void* numbers, std::int64_t count, at::ScalarType type) {
  return type == at::kFloat
             ? all_finite(static_cast<const std::uint32_t*>(numbers), count, 0x7f800000U)
             : all_finite<std::uint16_t>(static_cast<const std::uint16_t*>(numbers), count,
                                         0x7f80U);
}

bool all_finite(const at::Tensor& tensor) {
  constexpr std::int64_t kGrain = 65'536;
  std::atomic<bool> result{true};
  const auto* data = static_cast<const char*>(tensor.const_data_ptr());
  at::parallel_for(0, tensor.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    const bool finite =
        all_finite(data + begin * tensor.element_size(), end - begin, tensor.scalar_type());
    if (!finite) result.store(false, std::memory_order_relaxed);
  });
  return result;
}

}  // namespace hadal::dao
