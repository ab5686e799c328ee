#pragma once

#include "hadal/hpts/saved/registry.h"

#include <cstddef>
#include <map>
#include <utility>

#include <ATen/core/Tensor.h>

namespace hadal::hpts {

/// Which memory belongs to tensors that live on: parameters.
template <class Value>
class MemoryMap {
 public:
  void insert(const at::Tensor& x, const Value& value) {
    if (x.nbytes() == 0) return;
    const auto* begin = static_cast<const std::byte*>(x.const_data_ptr());
    ranges_.try_emplace(begin, begin + x.nbytes(), value);
  }
  /// The value of the tensor that x is, or is a view of.
  const Value* find(const at::Tensor& x) const {
    const auto* data = static_cast<const std::byte*>(x.const_data_ptr());
    auto range = ranges_.upper_bound(data);
    if (data == nullptr || range == ranges_.begin()) return nullptr;
    --range;
    return data < range->second.first ? &range->second.second : nullptr;
  }

 private:
  std::map<const std::byte*, std::pair<const std::byte*, Value>> ranges_;
};

/// Decides, while it is in force on a thread, what autograd keeps of the tensors that operations
/// save there for their backward.
class Keeper {
 public:
  virtual ~Keeper() = default;
  virtual Registry& registry() = 0;
  /// How to keep x: exact for one that lives on anyway.
  virtual SavedFormat format_of(const at::Tensor& x) const = 0;
};

/// Puts `keeper`, or none where null, in force on this thread until it ends.
class ScopedKeeper {
 public:
  explicit ScopedKeeper(Keeper* keeper);
  ~ScopedKeeper();
  ScopedKeeper(const ScopedKeeper&) = delete;
  ScopedKeeper& operator=(const ScopedKeeper&) = delete;

 private:
  Keeper* before_;
};

/// What backward needs to make a tensor again.
class SavedTensor {
 public:
  SavedTensor() = default;
  /// Keeps x itself.
  explicit SavedTensor(const at::Tensor& x);
  /// Keeps x as `keeper` says.
  SavedTensor(Keeper& keeper, const at::Tensor& x);
  at::Tensor restore() const;

 private:
  at::Tensor itself_;  // where it is not taken apart
  std::int64_t version_ = 0;
  std::shared_ptr<const Kept> kept_;
  std::vector<std::int64_t> sizes_, strides_;
  at::ScalarType type_ = at::kFloat;
};

}  // namespace hadal::hpts
