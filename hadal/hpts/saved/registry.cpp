#include "hadal/hpts/saved/registry.h"

namespace hadal::hpts {
namespace {

c10::StorageImpl* storage_of(const at::Tensor& x) { return x.storage().unsafeGetStorageImpl(); }

}  // namespace

const Registry::Entry* Registry::entry_of(const at::Tensor& x) const {
  const auto found = entries_.find(storage_of(x));
  if (found == entries_.end()) return nullptr;
  const Entry& entry = found->second;
  // The entry keeps the storage's address from being used again, so it is this storage.
  const bool same = entry.offset == x.storage_offset() && entry.size == x.numel() &&
                    entry.version == x._version();
  return same ? &entry : nullptr;
}

std::shared_ptr<const Kept> Registry::find(const at::Tensor& x, SavedFormat least) const {
  const Entry* entry = entry_of(x);
  if (entry == nullptr || entry->slot->kept == nullptr) return nullptr;
  return entry->slot->kept->format() <= least ? entry->slot->kept : nullptr;
}

void Registry::insert(const at::Tensor& x, std::shared_ptr<const Kept> kept) {
  slot_of(x)->kept = std::move(kept);
}

void Registry::share(const at::Tensor& x, const at::Tensor& copy) { put(copy, slot_of(x)); }

std::shared_ptr<Registry::Slot> Registry::slot_of(const at::Tensor& x) {
  if (const Entry* entry = entry_of(x)) return entry->slot;
  auto slot = std::make_shared<Slot>();
  put(x, slot);
  return slot;
}

void Registry::put(const at::Tensor& x, std::shared_ptr<Slot> slot) {
  if (entries_.size() >= sweep_at_) {
    std::erase_if(entries_, [](const auto& item) { return item.second.storage.expired(); });
    sweep_at_ = 2 * entries_.size() + 16;
  }
  entries_.insert_or_assign(storage_of(x),
                            Entry{x.storage().getWeakStorageImpl(), x.storage_offset(), x.numel(),
                                  x._version(), std::move(slot)});
}

}  // namespace hadal::hpts
