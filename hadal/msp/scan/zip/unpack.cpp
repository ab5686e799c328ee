#include "hadal/msp/scan/zip/unpack.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>

#include <zlib.h>

namespace hadal::msp::zip {
namespace {

/// zlib's state for a stream without a header, which frees itself.
class Inflater {
 public:
  Inflater() {
    if (inflateInit2(&stream_, -15) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
};

/// The deflated stream's content, at most `most` bytes; `is_sound` tells whether it came to its
/// end.
std::vector<std::byte> inflate_all(std::span<const std::byte> packed, std::size_t most,
                                   bool& is_sound, bool& is_cut) {
  Inflater inflater;
  std::array<std::byte, 1 << 16> piece;
  std::vector<std::byte> content;
  std::size_t at = 0;
  int status = Z_OK;
  while (status == Z_OK && content.size() <= most) {
    const std::size_t fed =
        std::min<std::size_t>(packed.size() - at, std::numeric_limits<uInt>::max());
    z_stream& stream = inflater.stream();
    // zlib reads through a pointer that is not const, because it is older than const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data() + at));
    stream.avail_in = static_cast<uInt>(fed);
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = inflate(&stream, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    at += fed - stream.avail_in;
    content.insert(content.end(), piece.begin(), piece.end() - stream.avail_out);
  }
  is_sound = status == Z_STREAM_END && at == packed.size();
  is_cut = content.size() > most;
  if (is_cut) content.resize(most);
  return content;
}

std::uint32_t checksum_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

Unpacked unpack(std::span<const std::byte> archive, const Member& member, std::size_t most,
                const Place& place, Findings& findings) {
  const auto packed = archive.subspan(member.data_at, member.packed);
  Unpacked result{.bytes = packed, .own = {}};
  if (!member.is_stored()) {
    bool is_sound = false;
    result.own = inflate_all(packed, most, is_sound, result.is_cut);
    result.bytes = result.own;
    if (!is_sound && !result.is_cut) {
      findings.add(rules::kMalformedZip, place, member.data_at,
                   concat("byte ", member.data_at, ": the packed data is damaged"));
    }
    const bool is_longer = result.bytes.size() > member.unpacked;
    if (is_longer || (!result.is_cut && result.bytes.size() != member.unpacked)) {
      findings.add(
          is_longer ? rules::kBomb : rules::kHeaderMismatch, place, member.data_at,
          concat("it unpacks to ", result.bytes.size(), " bytes instead of ", member.unpacked));
    }
  }
  if (!result.is_cut && checksum_of(result.bytes) != member.checksum) {
    findings.add(rules::kChecksum, place, member.data_at,
                 "the content is not that of its checksum");
  }
  return result;
}

}  // namespace hadal::msp::zip
