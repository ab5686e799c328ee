#include "hadal/data/readers/wav_chunks.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace hadal::data::wav {
namespace {

constexpr std::string_view kHint = "expected is a RIFF/WAVE file; ffmpeg or sox can write one";
constexpr std::string_view kConvert = "convert it to 16-bit PCM, with ffmpeg or sox";
constexpr std::size_t kChunkHeader = 8;
constexpr std::uint16_t kPcm = 1;
constexpr std::uint16_t kFloat = 3;
constexpr std::uint16_t kExtensible = 0xFFFE;

struct Chunk {
  std::string_view id;
  std::uint32_t size;
  /// Where its content starts.
  std::size_t begin;
};

class Finder {
 public:
  Finder(std::span<const std::byte> bytes, const std::string& source)
      : bytes_(bytes), source_(source) {}

  Sound run() {
    check_riff();
    std::optional<Format> format;
    for (std::size_t at = 12;;) {
      const Chunk chunk = chunk_at(at, format.has_value());
      if (chunk.id == "data") {
        if (!format) fail(at, "the data comes before a format chunk");
        return sound(chunk, *format);
      }
      if (chunk.size > bytes_.size() - chunk.begin) {
        fail(at, concat("chunk ", quote(chunk.id), " claims ", chunk.size, " bytes, but ",
                        bytes_.size() - chunk.begin, " are left"));
      }
      if (chunk.id == "fmt ") {
        if (format) fail(at, "a second format chunk");
        format = parse_format(chunk);
      }
      // Chunks start at even places; the padding of an odd last one may be missing.
      at = std::min(chunk.begin + chunk.size + chunk.size % 2, bytes_.size());
    }
  }

 private:
  [[noreturn]] void fail(std::size_t byte, const std::string& what) const {
    throw FormatError(concat(source_, ": byte ", byte, ": ", what), std::string(kHint));
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw Unsupported(concat(source_, ": ", what), std::string(kConvert));
  }

  std::string_view text(std::size_t at, std::size_t size) const {
    return {reinterpret_cast<const char*>(bytes_.data() + at), size};
  }
  std::uint16_t u16(std::size_t at) const {
    return load<std::uint16_t, std::endian::little>(bytes_.data() + at);
  }
  std::uint32_t u32(std::size_t at) const {
    return load<std::uint32_t, std::endian::little>(bytes_.data() + at);
  }

  void check_riff() const {
    if (bytes_.size() < 12) fail(bytes_.size(), "the file ends within the first 12 bytes");
    if (text(0, 4) != "RIFF" || text(8, 4) != "WAVE") {
      fail(0, concat("expected \"RIFF\" and \"WAVE\", found ", quote(text(0, 4)), " and ",
                     quote(text(8, 4))));
    }
  }

  Chunk chunk_at(std::size_t at, bool has_format) const {
    if (at == bytes_.size()) {
      fail(at, has_format ? "the file has no data chunk" : "the file has no format chunk");
    }
    if (bytes_.size() - at < kChunkHeader) fail(at, "the file ends within a chunk's header");
    return {text(at, 4), u32(at + 4), at + kChunkHeader};
  }

  Format parse_format(const Chunk& chunk) const {
    const std::size_t at = chunk.begin;
    if (chunk.size < 16) {
      fail(at, concat("expected a format chunk of at least 16 bytes, found ", chunk.size));
    }
    const std::uint16_t bits = u16(at + 14);
    const std::uint16_t tag = u16(at) == kExtensible ? extensible_tag(chunk, bits) : u16(at);
    const bool is_float = tag == kFloat;
    if (tag != kPcm && !is_float) refuse(concat("format tag ", tag, " is neither PCM nor float"));
    if (bits % 8 != 0 || bits < 8 || bits > 32 || (is_float && bits != 32)) {
      refuse(concat(is_float ? "float" : "PCM", " samples of ", bits, " bits"));
    }
    Format format{is_float, u16(at + 2), u32(at + 4), bits / std::size_t{8}};
    if (format.channels == 0) fail(at + 2, "expected at least 1 channel, found 0");
    if (format.sample_rate == 0) fail(at + 4, "expected a sample rate above 0, found 0");
    if (u16(at + 12) != format.frame_bytes()) {
      fail(at + 12, concat("expected frames of ", format.frame_bytes(), " bytes (", format.channels,
                           " channels of ", bits, " bits), found ", u16(at + 12)));
    }
    return format;
  }

  /// The tag at the start of an extensible format's GUID, whose rest is the same for all tags.
  std::uint16_t extensible_tag(const Chunk& chunk, std::uint16_t bits) const {
    constexpr std::string_view kGuidRest("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71",
                                         14);
    const std::size_t at = chunk.begin;
    if (chunk.size < 40) {
      fail(at,
           concat("expected an extensible format chunk of at least 40 bytes, found ", chunk.size));
    }
    if (u16(at + 16) < 22) {
      fail(at + 16, concat("expected at least 22 bytes of extension, found ", u16(at + 16)));
    }
    // Samples of fewer valid bits lie at the top of their bytes, so the scale stays the same.
    if (u16(at + 18) > bits) {
      fail(at + 18, concat(u16(at + 18), " valid bits in samples of ", bits, " bits"));
    }
    if (text(at + 26, kGuidRest.size()) != kGuidRest) refuse("a format of its own GUID");
    return u16(at + 24);
  }

  Sound sound(const Chunk& chunk, const Format& format) const {
    const auto rest = bytes_.subspan(chunk.begin);
    const bool streamed = chunk.size == 0 || chunk.size == 0xFFFFFFFF || chunk.size == 0x7FFFF000;
    if (streamed && (chunk.size == 0 || chunk.size > rest.size())) {
      return {format, rest.first(rest.size() - rest.size() % format.frame_bytes()), chunk.begin};
    }
    if (chunk.size > rest.size()) {
      fail(chunk.begin - kChunkHeader,
           concat("the data chunk claims ", chunk.size, " bytes, but ", rest.size(), " are left"));
    }
    if (chunk.size % format.frame_bytes() != 0) {
      fail(chunk.begin - kChunkHeader,
           concat("the data of ", chunk.size, " bytes are no whole frames of ",
                  format.frame_bytes()));
    }
    return {format, rest.first(chunk.size), chunk.begin};
  }

  std::span<const std::byte> bytes_;
  const std::string& source_;
};

}  // namespace

Sound find_sound(std::span<const std::byte> bytes, const std::string& source) {
  return Finder(bytes, source).run();
}

}  // namespace hadal::data::wav
