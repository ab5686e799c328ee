#include "hadal/core/safetensors/file.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

namespace hadal {
namespace {

/// The shape of the ATen tensor, whose elements of type `type` may each hold several of the file's.
std::vector<std::int64_t> packed_shape(const SafetensorsInfo& info, at::ScalarType type,
                                       const std::string& where) {
  std::vector<std::int64_t> shape = info.shape;
  const auto packed = static_cast<std::int64_t>(c10::elementSize(type)) * 8 / info.dtype.bits;
  if (packed == 1) return shape;
  // A shape of rank 0 does not come here: its single element would be no whole bytes.
  if (shape.back() % packed != 0) {
    throw Unsupported(concat(where, "ATen packs ", packed, " elements of ", info.dtype.name,
                             " into one, which the last size of ", shape_text(info.shape),
                             " does not allow"));
  }
  shape.back() /= packed;
  return shape;
}

/// A bool that is neither 0 nor 1 is undefined behaviour in C++.
void check_booleans(std::span<const std::byte> data, std::uint64_t begin,
                    const std::string& where) {
  const auto bad = std::ranges::find_if(data, [](std::byte b) { return b > std::byte{1}; });
  if (bad == data.end()) return;
  throw FormatError(concat(where, "BOOL takes the bytes 0 and 1, but the file's byte ",
                           begin + static_cast<std::uint64_t>(bad - data.begin()), " is ",
                           std::to_integer<int>(*bad)));
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : source_(path.string()) {
  const MappedFile mapped(path);
  bytes_ = mapped.bytes();
  keep_alive_ = mapped.keep_alive();
  header_ = parse_safetensors_header(bytes_, source_);
}

SafetensorsFile::SafetensorsFile(std::span<const std::byte> bytes,
                                 std::shared_ptr<const void> keep_alive, std::string source)
    : bytes_(bytes),
      keep_alive_(std::move(keep_alive)),
      source_(std::move(source)),
      header_(parse_safetensors_header(bytes_, source_)) {}

const SafetensorsInfo& SafetensorsFile::info(const std::string& name) const {
  const auto found = header_.tensors.find(name);
  if (found == header_.tensors.end()) {
    throw InvalidArgument(concat(source_, ": there is no tensor ", quote(name)));
  }
  return found->second;
}

at::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const SafetensorsInfo& info = this->info(name);
  const std::string where = concat(source_, ": tensor ", quote(name), ": ");
  if (!info.dtype.scalar_type) {
    throw Unsupported(concat(where, "ATen has no dtype for ", info.dtype.name));
  }
  const at::ScalarType type = *info.dtype.scalar_type;
  const auto shape = packed_shape(info, type, where);
  const auto data = bytes_.subspan(info.begin, info.end - info.begin);
  if (data.empty()) return at::empty(shape, type);
  if (type == at::kBool) check_booleans(data, info.begin, where);
  if (reinterpret_cast<std::uintptr_t>(data.data()) % c10::elementSize(type) != 0) {
    at::Tensor copy = at::empty(shape, type);
    std::memcpy(copy.mutable_data_ptr(), data.data(), data.size());
    return copy;
  }
  return at::from_blob(
      const_cast<std::byte*>(data.data()), shape, [keep_alive = keep_alive_](void*) {}, type);
}

}  // namespace hadal
