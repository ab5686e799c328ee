#include "hadal/draf/parallel/command_channel.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

namespace hadal::draf {
namespace {

constexpr const char* kWhat = "an engine's next step";
constexpr std::int64_t kHeader = 512;  // what fits in it needs no second message
constexpr std::int64_t kSize = sizeof(std::int64_t);
constexpr std::int64_t kInline = kHeader - kSize;

std::uint8_t* data_of(const at::Tensor& bytes) { return bytes.mutable_data_ptr<std::uint8_t>(); }

}  // namespace

void CommandChannel::send(const Command& command) {
  const std::vector<std::uint8_t> bytes = bytes_of(command);
  const auto size = static_cast<std::int64_t>(bytes.size());
  const at::Tensor header = at::zeros({kHeader}, at::kByte);
  std::memcpy(data_of(header), &size, kSize);
  std::copy_n(bytes.begin(), std::min(size, kInline), data_of(header) + kSize);
  group_->broadcast(header, 0, kWhat).wait();
  if (size <= kInline) return;
  const at::Tensor whole = at::empty({size}, at::kByte);
  std::ranges::copy(bytes, data_of(whole));
  group_->broadcast(whole, 0, kWhat).wait();
}

Command CommandChannel::receive() {
  const at::Tensor header = at::zeros({kHeader}, at::kByte);
  group_->broadcast(header, 0, kWhat).wait();
  std::int64_t size;
  std::memcpy(&size, data_of(header), kSize);
  if (size <= kInline) return command_of({data_of(header) + kSize, static_cast<std::size_t>(size)});
  const at::Tensor whole = at::empty({size}, at::kByte);
  group_->broadcast(whole, 0, kWhat).wait();
  return command_of({data_of(whole), static_cast<std::size_t>(size)});
}

}  // namespace hadal::draf
