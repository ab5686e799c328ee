#include "hadal/core/safetensors/header.h"

#include "hadal/core/error.h"
#include "hadal/core/safetensors/header_json.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

namespace hadal {
namespace {

using safetensors::RawEntry;
using safetensors::RawHeader;

static_assert(std::endian::native == std::endian::little,
              "safetensors data is little-endian and is mapped as it lies in the file");

constexpr std::size_t kPrefixBytes = 8;

/// What to do about a file that is none of ours, told by its first bytes.
std::string hint_for(std::string_view file) {
  struct Kind {
    std::string_view start;
    std::string_view hint;
  };
  constexpr std::string_view kPickle =
      "this looks like a PyTorch checkpoint (.pt, .pth, .bin); load it in Python with torch.load "
      "and save it with safetensors.torch.save_file";
  static constexpr Kind kKinds[] = {
      {"version https://git-lfs.github.com/spec/",
       "this is a Git LFS pointer, not the file itself; run `git lfs pull` in that repository"},
      {"PK\x03\x04", kPickle},
      {"\x80\x02", kPickle},
      {"GGUF", "this looks like a GGUF model, which is another format"},
      {"<", "this looks like a web page, perhaps of a failed download; download the file again"},
  };
  for (const auto& kind : kKinds) {
    if (file.starts_with(kind.start)) return std::string(kind.hint);
  }
  return "check that this is a safetensors file and was copied or downloaded whole";
}

/// The JSON text, after the checks of everything around it.
std::string_view header_text(std::string_view file, const std::string& source) {
  const auto refuse = [&](const std::string& what) {
    throw FormatError(concat(source, ": ", what), hint_for(file));
  };
  if (file.size() < kPrefixBytes) {
    refuse(concat("byte 0: expected 8 bytes of header length, but the file has ", file.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kPrefixBytes);
  const std::size_t rest = file.size() - kPrefixBytes;
  if (length > kMaxSafetensorsHeaderBytes) {
    refuse(concat("byte 0: the header length is ", length, ", but at most ",
                  kMaxSafetensorsHeaderBytes, " is allowed"));
  }
  if (length > rest) {
    refuse(
        concat("byte 0: the header length is ", length, ", but only ", rest, " bytes follow it"));
  }
  const std::string_view text = file.substr(kPrefixBytes, length);
  if (!text.starts_with('{')) refuse("byte 8: the header does not start with '{'");
  // The JSON parser takes a NUL for the end of its input and would not see what comes after.
  if (const auto nul = text.find('\0'); nul != text.npos) {
    refuse(concat("byte ", kPrefixBytes + nul, ": the header contains a NUL"));
  }
  return text;
}

/// The size in bits that dtype and shape ask for, or nothing where it overflows. Sizes of 0 count
/// as 1 in that check, so that strides cannot overflow either.
std::optional<std::int64_t> size_in_bits(const RawEntry& entry) {
  std::int64_t bits = entry.dtype->bits;
  bool empty = false;
  for (const std::int64_t size : entry.shape) {
    empty = empty || size == 0;
    if (__builtin_mul_overflow(bits, std::max<std::int64_t>(size, 1), &bits)) return std::nullopt;
  }
  return empty ? 0 : bits;
}

/// Checks a tensor's entry for itself.
void check_entry(const std::string& name, const RawEntry& entry, std::uint64_t data_bytes,
                 const std::string& source) {
  const std::uint64_t begin = entry.data_offsets[0];
  const std::uint64_t end = entry.data_offsets[1];
  const auto offsets = [&] { return concat("data_offsets [", begin, ", ", end, "]"); };
  const auto type = [&] { return concat(entry.dtype->name, " ", shape_text(entry.shape)); };
  const auto refuse = [&](const std::string& what, const std::string& hint = "") {
    throw FormatError(concat(source, ": tensor ", quote(name), ": ", what), hint);
  };
  if (begin > end) refuse(offsets() + " begin after they end");
  if (end > data_bytes) {
    refuse(concat(offsets(), " reach past the data, which has ", data_bytes, " bytes"),
           "the file is cut short; copy or download it again");
  }
  const auto bits = size_in_bits(entry);
  if (!bits) refuse(concat("the size of ", type(), " overflows 2^63 - 1 bits"));
  if (*bits % 8 != 0) refuse(concat(type(), " takes ", *bits, " bits, which are no whole bytes"));
  const auto bytes = static_cast<std::uint64_t>(*bits) / 8;
  if (end - begin != bytes) {
    refuse(concat(offsets(), " hold ", end - begin, " bytes, but ", type(), " takes ", bytes));
  }
}

/// Checks that the tensors' ranges, each sound in itself, follow each other from 0 to `data_bytes`.
void check_cover(const RawHeader& header, std::uint64_t data_bytes, const std::string& source) {
  using Item = std::pair<const std::string, RawEntry>;
  std::vector<const Item*> items;
  items.reserve(header.tensors.size());
  for (const auto& item : header.tensors) items.push_back(&item);
  std::ranges::stable_sort(
      items, {}, [](const Item* item) -> const auto& { return item->second.data_offsets; });
  std::uint64_t reached = 0;
  const Item* previous = nullptr;
  for (const Item* item : items) {
    const std::uint64_t begin = item->second.data_offsets[0];
    if (begin != reached) {
      const std::string after =
          previous ? "the end of tensor " + quote(previous->first) : "the start of the data";
      throw FormatError(concat(source, ": tensor ", quote(item->first), " begins at data offset ",
                               begin, begin < reached ? ", before " : ", after ", after, " at ",
                               reached));
    }
    reached = item->second.data_offsets[1];
    previous = item;
  }
  if (reached != data_bytes) {
    throw FormatError(concat(source, ": the tensors end at data offset ", reached,
                             ", but the data has ", data_bytes, " bytes"));
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file,
                                           const std::string& source) {
  const std::string_view text =
      header_text({reinterpret_cast<const char*>(file.data()), file.size()}, source);
  RawHeader raw = safetensors::parse_header_json(text, kPrefixBytes, source);
  const std::uint64_t data_begin = kPrefixBytes + text.size();
  const std::uint64_t data_bytes = file.size() - data_begin;
  for (const auto& [name, entry] : raw.tensors) {
    check_entry(name, entry, data_bytes, source);
  }
  check_cover(raw, data_bytes, source);

  SafetensorsHeader header;
  header.metadata = std::move(raw.metadata);
  for (auto& [name, entry] : raw.tensors) {
    header.tensors.emplace(name, SafetensorsInfo{*entry.dtype, std::move(entry.shape),
                                                 data_begin + entry.data_offsets[0],
                                                 data_begin + entry.data_offsets[1]});
  }
  return header;
}

}  // namespace hadal
