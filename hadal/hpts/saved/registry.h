#pragma once

#include "hadal/hpts/saved/kept.h"

#include <memory>
#include <unordered_map>

#include <ATen/core/Tensor.h>
#include <c10/core/StorageImpl.h>

namespace hadal::hpts {

/// Knows, of tensors that are alive, what is kept of their values, so that a tensor that several
/// operations save, or one and its views, is kept once, and one that can be computed again not at
/// all. A tensor written to since is another one.
class Registry {
 public:
  /// What is kept of x in a format that is as exact as `least`, or nothing.
  std::shared_ptr<const Kept> find(const at::Tensor& x, SavedFormat least) const;
  /// `kept` are the values of x, which must be dense.
  void insert(const at::Tensor& x, std::shared_ptr<const Kept> kept);
  /// What is, or will be, kept of x's values serves for `copy` too, which is x in another type.
  void share(const at::Tensor& x, const at::Tensor& copy);

 private:
  struct Slot {
    std::shared_ptr<const Kept> kept;
  };
  /// The values of a storage that are kept. It holds the storage's address, not its memory.
  struct Entry {
    c10::weak_intrusive_ptr<c10::StorageImpl> storage;
    std::int64_t offset, size, version;
    std::shared_ptr<Slot> slot;
  };

  const Entry* entry_of(const at::Tensor& x) const;
  std::shared_ptr<Slot> slot_of(const at::Tensor& x);
  void put(const at::Tensor& x, std::shared_ptr<Slot> slot);

  std::unordered_map<const c10::StorageImpl*, Entry> entries_;
  std::size_t sweep_at_ = 16;  // entries at which those of freed storages are dropped
};

}  // namespace hadal::hpts
