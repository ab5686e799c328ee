#include "hadal/data/readers/cifar10.h"

#include "hadal/core/error.h"
#include "hadal/data/readers/gzip.h"

#include <cstdint>
#include <cstring>

#include <ATen/ops/empty.h>

namespace hadal::data {
namespace {

constexpr std::size_t kImageBytes = 3 * 32 * 32;
constexpr std::size_t kRecordBytes = 1 + kImageBytes;

[[noreturn]] void fail(const std::string& source, std::size_t byte, const std::string& what) {
  throw FormatError(concat(source, ": byte ", byte, ": ", what),
                    "expected is a batch of CIFAR-10's binary version, plain or packed by gzip");
}

}  // namespace

LabelledImages parse_cifar10(std::span<const std::byte> bytes, const std::string& source) {
  const std::size_t records = bytes.size() / kRecordBytes;
  if (bytes.empty()) fail(source, 0, "expected records of 3073 bytes, found an empty file");
  if (const std::size_t rest = bytes.size() % kRecordBytes; rest != 0) {
    fail(source, records * kRecordBytes,
         concat("record ", records, " has ", rest, " of 3073 bytes"));
  }
  const auto count = static_cast<std::int64_t>(records);
  LabelledImages result{at::empty({count, 3, 32, 32}, at::kByte), at::empty({count}, at::kLong)};
  auto* image = result.images.mutable_data_ptr<std::uint8_t>();
  auto* label = result.labels.mutable_data_ptr<std::int64_t>();
  for (std::size_t at = 0; at < bytes.size(); at += kRecordBytes, image += kImageBytes, ++label) {
    *label = std::to_integer<std::int64_t>(bytes[at]);
    if (*label > 9) fail(source, at, concat("expected a label from 0 to 9, found ", *label));
    std::memcpy(image, bytes.data() + at + 1, kImageBytes);
  }
  return result;
}

LabelledImages read_cifar10(const std::filesystem::path& path) {
  const std::string file = read_maybe_gzip(path);
  return parse_cifar10(std::as_bytes(std::span(file)), path.string());
}

}  // namespace hadal::data
