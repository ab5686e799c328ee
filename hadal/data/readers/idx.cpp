#include "hadal/data/readers/idx.h"

#include "hadal/core/error.h"
#include "hadal/data/readers/endian.h"
#include "hadal/data/readers/gzip.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <ATen/ops/empty.h>

namespace hadal::data {
namespace {

constexpr std::size_t kMagicBytes = 4;
constexpr std::size_t kSizeBytes = 4;

[[noreturn]] void fail(const std::string& source, std::size_t byte, const std::string& what) {
  throw FormatError(concat(source, ": byte ", byte, ": ", what),
                    "expected is an IDX file, as MNIST's, plain or packed by gzip");
}

at::ScalarType scalar_type(std::byte code, const std::string& source) {
  switch (std::to_integer<int>(code)) {
    case 0x08:
      return at::kByte;
    case 0x09:
      return at::kChar;
    case 0x0B:
      return at::kShort;
    case 0x0C:
      return at::kInt;
    case 0x0D:
      return at::kFloat;
    case 0x0E:
      return at::kDouble;
    default:
      fail(source, 2,
           concat("unknown element type ", std::to_integer<int>(code),
                  "; known are 8, 9, 11, 12, 13 and 14"));
  }
}

struct Header {
  at::ScalarType type;
  std::vector<std::int64_t> shape;
  std::size_t bytes;
};

Header parse_header(std::span<const std::byte> bytes, const std::string& source) {
  if (bytes.size() < kMagicBytes) {
    fail(source, bytes.size(), "the file ends within the first 4 bytes");
  }
  if (bytes[0] != std::byte{0} || bytes[1] != std::byte{0}) {
    fail(source, 0,
         concat("expected two zero bytes, found ", std::to_integer<int>(bytes[0]), " and ",
                std::to_integer<int>(bytes[1])));
  }
  Header header{scalar_type(bytes[2], source), {}, 0};
  const auto rank = std::to_integer<std::size_t>(bytes[3]);
  if (rank == 0) fail(source, 3, "expected a rank of at least 1, found 0");
  header.bytes = kMagicBytes + rank * kSizeBytes;
  if (bytes.size() < header.bytes) {
    fail(source, bytes.size(), concat("the file ends within the ", rank, " sizes of its shape"));
  }
  for (std::size_t at = kMagicBytes; at < header.bytes; at += kSizeBytes) {
    header.shape.push_back(load<std::uint32_t, std::endian::big>(bytes.data() + at));
  }
  return header;
}

/// Holds that the data has just the size that the header asks for. A size of 0 counts as 1 in the
/// check for overflow, because the strides of a tensor are products of the other sizes.
void check_size(const Header& header, std::size_t data_bytes, const std::string& source) {
  const auto element = static_cast<std::int64_t>(c10::elementSize(header.type));
  std::int64_t product = element;
  bool empty = false;
  for (std::size_t i = 0; i < header.shape.size(); ++i) {
    const std::int64_t size = std::max<std::int64_t>(header.shape[i], 1);
    empty = empty || header.shape[i] == 0;
    if (product > std::numeric_limits<std::int64_t>::max() / size) {
      fail(source, kMagicBytes + i * kSizeBytes,
           concat("the shape up to size ", header.shape[i], " overflows 2^63 - 1 bytes"));
    }
    product *= size;
  }
  const std::size_t expected = empty ? 0 : static_cast<std::size_t>(product);
  if (data_bytes != expected) {
    fail(source, header.bytes,
         concat("the header asks for ", expected, " bytes of data, but the file has ", data_bytes));
  }
}

template <class Number>
void convert(const std::byte* bytes, at::Tensor& tensor) {
  auto* out = tensor.mutable_data_ptr<Number>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    out[i] = load<Number, std::endian::big>(bytes + static_cast<std::size_t>(i) * sizeof(Number));
  }
}

}  // namespace

at::Tensor parse_idx(std::span<const std::byte> bytes, const std::string& source) {
  const Header header = parse_header(bytes, source);
  const auto data = bytes.subspan(header.bytes);
  check_size(header, data.size(), source);
  at::Tensor tensor = at::empty(header.shape, at::TensorOptions(header.type));
  switch (header.type) {
    case at::kByte:
      convert<std::uint8_t>(data.data(), tensor);
      break;
    case at::kChar:
      convert<std::int8_t>(data.data(), tensor);
      break;
    case at::kShort:
      convert<std::int16_t>(data.data(), tensor);
      break;
    case at::kInt:
      convert<std::int32_t>(data.data(), tensor);
      break;
    case at::kFloat:
      convert<float>(data.data(), tensor);
      break;
    default:
      convert<double>(data.data(), tensor);
      break;
  }
  return tensor;
}

at::Tensor read_idx(const std::filesystem::path& path) {
  const std::string file = read_maybe_gzip(path);
  return parse_idx(std::as_bytes(std::span(file)), path.string());
}

}  // namespace hadal::data
