#include "hadal/data/readers/gzip.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <string_view>

#include <zlib.h>

namespace hadal::data {
namespace {

/// zlib's state, which frees itself.
class Inflater {
 public:
  Inflater() {
    // 15 bits of window are what any stream may need; 16 more say that the stream is gzip.
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream* operator->() { return &stream_; }
  z_stream* get() { return &stream_; }

 private:
  z_stream stream_{};
};

bool starts_as_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

class Unpacker {
 public:
  Unpacker(std::span<const std::byte> bytes, std::size_t max_bytes, const std::string& source)
      : bytes_(bytes), max_bytes_(max_bytes), source_(source) {}

  std::string run() {
    do {
      unpack_member();
    } while (starts_as_gzip(bytes_.subspan(at_)));
    check_padding();
    return std::move(text_);
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& hint) const {
    throw FormatError(concat(source_, ": gzip byte ", at_, ": ", what), hint);
  }

  void unpack_member() {
    if (inflateReset(inflater_.get()) != Z_OK) throw std::bad_alloc();
    int status = Z_OK;
    while (status != Z_STREAM_END) status = step();
  }

  /// Unpacks a piece, moves on past the input that it took, and returns what zlib says.
  int step() {
    const std::size_t fed =
        std::min<std::size_t>(bytes_.size() - at_, std::numeric_limits<uInt>::max());
    // zlib reads through a pointer that is not const, because it is older than const.
    inflater_->next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes_.data() + at_));
    inflater_->avail_in = static_cast<uInt>(fed);
    inflater_->next_out = reinterpret_cast<Bytef*>(piece_.data());
    inflater_->avail_out = static_cast<uInt>(piece_.size());
    const int status = inflate(inflater_.get(), Z_NO_FLUSH);
    at_ += fed - inflater_->avail_in;
    keep(piece_.size() - inflater_->avail_out);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status == Z_BUF_ERROR) fail("the stream ends early", "copy or download the file again");
    if (status != Z_OK && status != Z_STREAM_END) {
      fail(inflater_->msg ? inflater_->msg : "damaged stream", "copy or download the file again");
    }
    return status;
  }

  void keep(std::size_t count) {
    if (count > max_bytes_ - text_.size()) {
      throw FormatError(
          concat(source_, ": unpacks to more than the ", max_bytes_, " bytes that are read"),
          "check that this is the file you meant");
    }
    text_.append(piece_.data(), count);
  }

  /// Some tools pad with zeros to whole blocks; anything else is not ours to drop silently.
  void check_padding() {
    const auto rest = bytes_.subspan(at_);
    const auto garbage =
        std::find_if(rest.begin(), rest.end(), [](auto b) { return b != std::byte{0}; });
    if (garbage == rest.end()) return;
    at_ += static_cast<std::size_t>(garbage - rest.begin());
    fail(concat("expected another gzip member or the end, found the byte ",
                std::to_integer<int>(*garbage)),
         "cut off what follows the stream, or copy the file again");
  }

  std::span<const std::byte> bytes_;
  std::size_t max_bytes_;
  const std::string& source_;
  std::size_t at_ = 0;
  std::string text_;
  Inflater inflater_;
  std::array<char, 65536> piece_;
};

}  // namespace

std::string gunzip(std::span<const std::byte> bytes, std::size_t max_bytes,
                   const std::string& source) {
  return Unpacker(bytes, max_bytes, source).run();
}

std::string read_maybe_gzip(const std::filesystem::path& path, std::size_t max_bytes) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  if (starts_as_gzip(bytes)) return gunzip(bytes, max_bytes, path.string());
  if (bytes.size() > max_bytes) {
    throw FormatError(
        concat(path.string(), ": ", bytes.size(), " bytes, but at most ", max_bytes, " are read"),
        "check that this is the file you meant");
  }
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace hadal::data
