#include "hadal/msp/audit/picture.h"

#include "hadal/core/error.h"

#include <cstdint>
#include <string_view>

#include <ATen/ops/nan_to_num.h>
#include <zlib.h>

namespace hadal::msp {
namespace {

void append_word(std::string& out, std::uint32_t word) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(word >> shift & 255);
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_word(out, static_cast<std::uint32_t>(data.size()));
  const std::string content = std::string(type) + std::string(data);
  out += content;
  append_word(out, checksum(content));
}

std::string deflated(const std::string& bytes) {
  uLongf size = ::compressBound(bytes.size());
  std::string out(size, '\0');
  if (::compress(reinterpret_cast<Bytef*>(out.data()), &size,
                 reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) != Z_OK) {
    throw Error("picture: zlib could not compress it");
  }
  out.resize(size);
  return out;
}

}  // namespace

std::string png_of(const at::Tensor& picture) {
  if (!picture.defined() || picture.dim() != 3 || picture.scalar_type() != at::kFloat ||
      (picture.size(0) != 1 && picture.size(0) != 3) || picture.numel() == 0) {
    throw InvalidArgument("picture: expected fp32 [1 or 3, h, w]");
  }
  const std::int64_t channels = picture.size(0), height = picture.size(1), width = picture.size(2);
  const at::Tensor bytes = at::nan_to_num(picture, 0, 0, 0)
                               .clamp(0, 1)
                               .mul(255)
                               .round()
                               .to(at::kByte)
                               .permute({1, 2, 0})
                               .contiguous();
  const char* pixels = reinterpret_cast<const char*>(bytes.const_data_ptr<std::uint8_t>());
  std::string rows;
  for (std::int64_t y = 0; y < height; ++y) {
    rows += '\0';  // no filter
    rows.append(pixels + y * width * channels, static_cast<std::size_t>(width * channels));
  }
  std::string header;
  append_word(header, static_cast<std::uint32_t>(width));
  append_word(header, static_cast<std::uint32_t>(height));
  header += {8, static_cast<char>(channels == 3 ? 2 : 0), 0, 0, 0};
  std::string png = "\x89PNG\r\n\x1a\n";
  append_chunk(png, "IHDR", header);
  append_chunk(png, "IDAT", deflated(rows));
  append_chunk(png, "IEND", {});
  return png;
}

}  // namespace hadal::msp
