#include "hadal/draf/parallel/message.h"

#include <algorithm>
#include <cstring>

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

namespace hadal::draf {
namespace {

constexpr std::int64_t kHeader = 512;  // what fits in it needs no second message
constexpr std::int64_t kSize = sizeof(std::int64_t);
constexpr std::int64_t kInline = kHeader - kSize;

std::uint8_t* data_of(const at::Tensor& bytes) { return bytes.mutable_data_ptr<std::uint8_t>(); }

std::vector<std::uint8_t> copy_of(const std::uint8_t* bytes, std::int64_t size) {
  return {bytes, bytes + size};
}

}  // namespace

std::vector<PendingCollective> begin_message(ProcessGroup& group,
                                             std::span<const std::uint8_t> bytes,
                                             const std::string& what) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  const at::Tensor header = at::zeros({kHeader}, at::kByte);
  std::memcpy(data_of(header), &size, kSize);
  std::copy_n(bytes.begin(), std::min(size, kInline), data_of(header) + kSize);
  std::vector<PendingCollective> sent;
  sent.push_back(group.broadcast(header, group.rank(), what));
  if (size <= kInline) return sent;
  const at::Tensor whole = at::empty({size}, at::kByte);
  std::ranges::copy(bytes, data_of(whole));
  sent.push_back(group.broadcast(whole, group.rank(), what));
  return sent;
}

std::vector<std::uint8_t> receive_message(ProcessGroup& group, int root, const std::string& what) {
  const at::Tensor header = at::zeros({kHeader}, at::kByte);
  group.broadcast(header, root, what).wait();
  std::int64_t size;
  std::memcpy(&size, data_of(header), kSize);
  if (size <= kInline) return copy_of(data_of(header) + kSize, size);
  const at::Tensor whole = at::empty({size}, at::kByte);
  group.broadcast(whole, root, what).wait();
  return copy_of(data_of(whole), size);
}

}  // namespace hadal::draf
