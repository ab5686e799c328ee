#include "hadal/core/memory.h"

#include "hadal/core/error.h"
#include "hadal/core/text_file.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <c10/core/CPUAllocator.h>

namespace hadal {
namespace {

/// Bytes held, and the peak of each open meter. Allocations touch only the two atomics: `peak_` is
/// the peak since the last fold, which moves it into the meters whenever one opens or is read.
class Count {
 public:
  void add(std::int64_t bytes) { raise_peak(held_ += bytes); }
  void subtract(std::int64_t bytes) { held_ -= bytes; }
  std::int64_t held() const { return held_; }

  /// Keeps `peak` at the peak of the bytes held until close(). Returns the bytes held now.
  std::int64_t open(std::int64_t* peak) {
    const std::lock_guard lock(mutex_);
    fold();
    *peak = held_;
    meters_.push_back(peak);
    return *peak;
  }
  void close(std::int64_t* peak) {
    const std::lock_guard lock(mutex_);
    std::erase(meters_, peak);
  }
  std::int64_t read(const std::int64_t* peak) {
    const std::lock_guard lock(mutex_);
    fold();
    return *peak;
  }

 private:
  void fold() {
    const std::int64_t peak = peak_.exchange(held_);
    raise_peak(held_);  // of what came between the two halves of the line above
    for (auto* meter : meters_) *meter = std::max(*meter, peak);
  }
  void raise_peak(std::int64_t held) {
    std::int64_t peak = peak_;
    while (peak < held && !peak_.compare_exchange_weak(peak, held)) {
    }
  }

  std::atomic<std::int64_t> held_{0};
  std::atomic<std::int64_t> peak_{0};
  std::mutex mutex_;
  std::vector<std::int64_t*> meters_;
};

/// The size of each living allocation. A deleter is told only the address.
class SizeTable {
 public:
  void insert(const void* data, std::size_t size) {
    Shard& shard = shard_of(data);
    const std::lock_guard lock(shard.mutex);
    shard.sizes[data] = size;
  }
  /// The size of `data`, which is forgotten; 0 where it is unknown.
  std::size_t take(const void* data) {
    Shard& shard = shard_of(data);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.sizes.find(data);
    if (found == shard.sizes.end()) return 0;
    const std::size_t size = found->second;
    shard.sizes.erase(found);
    return size;
  }

 private:
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unordered_map<const void*, std::size_t> sizes;
  };
  Shard& shard_of(const void* data) {
    // Allocations are aligned to 64 bytes; the multiplier (2^64 over the golden ratio) spreads
    // them.
    const auto address = reinterpret_cast<std::uintptr_t>(data) >> 6;
    return shards_[address * 0x9e3779b97f4a7c15ULL >> 58];
  }

  std::array<Shard, 64> shards_;
};

// Tensors in static storage are freed after static destructors have run, so neither is destroyed.
Count& count() {
  static auto& instance = *new Count;
  return instance;
}

SizeTable& size_table() {
  static auto& instance = *new SizeTable;
  return instance;
}

c10::DeleterFnPtr wrapped_deleter = nullptr;

void free_counted(void* data) {
  // Before the memory is free: after that, another thread may be given the same address.
  count().subtract(static_cast<std::int64_t>(size_table().take(data)));
  wrapped_deleter(data);
}

class CountingAllocator final : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator* wrapped) : wrapped_(wrapped) {}

  c10::DataPtr allocate(std::size_t size) override {
    c10::DataPtr data = wrapped_->allocate(size);
    if (data.get() != nullptr) {
      size_table().insert(data.get(), size);
      count().add(static_cast<std::int64_t>(size));
    }
    const c10::Device device = data.device();
    void* address = data.release_context();
    return {address, address, &free_counted, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_counted; }
  void copy_data(void* to, const void* from, std::size_t size) const override {
    wrapped_->copy_data(to, from, size);
  }

 private:
  c10::Allocator* wrapped_;
};

/// Puts the counting allocator before the present one. False where that one's memory can only be
/// freed through a context of its own.
bool install() {
  c10::Allocator* wrapped = c10::GetCPUAllocator();
  wrapped_deleter = wrapped->raw_deleter();
  if (wrapped_deleter == nullptr) return false;
  constexpr std::uint8_t kAboveAll = 255;
  c10::SetCPUAllocator(new CountingAllocator(wrapped), kAboveAll);
  return true;
}

bool counting() {
  static const bool installed = install();
  return installed;
}

// ATen's allocator may be replaced only before other threads use it: while the program is loaded.
[[maybe_unused]] const bool counting_from_the_start = counting();

/// A field of /proc/self/status in bytes, such as "VmRSS:     1234 kB".
std::int64_t status_bytes(std::string_view name) {
  const std::string status = text_or_empty("/proc/self/status");
  const auto kibibytes = parse_integer(field(status, name, ':'));
  if (!kibibytes) {
    throw Unsupported(concat("this system does not tell a process its memory: no ", name,
                             " in /proc/self/status"));
  }
  return *kibibytes * 1024;
}

}  // namespace

MemoryMeter::MemoryMeter() {
  if (!counting()) {
    throw Unsupported("ATen's CPU allocator was replaced by one that cannot be counted",
                      "make its raw_deleter() return the deleter of what it allocates");
  }
  start_ = count().open(&peak_);
}

MemoryMeter::~MemoryMeter() { count().close(&peak_); }

std::int64_t MemoryMeter::current_bytes() const { return count().held() - start_; }

std::int64_t MemoryMeter::peak_bytes() const { return count().read(&peak_) - start_; }

void MemoryMeter::reset() {
  count().close(&peak_);
  start_ = count().open(&peak_);
}

std::int64_t resident_bytes() { return status_bytes("VmRSS"); }

std::int64_t peak_resident_bytes() { return status_bytes("VmHWM"); }

}  // namespace hadal
