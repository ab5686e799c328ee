#include "hadal/msp/scan/zip/directory.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/msp/scan/zip/records.h"

#include <algorithm>
#include <optional>

namespace hadal::msp::zip {
namespace {

constexpr std::uint32_t kAllOnes = 0xFFFFFFFF;
constexpr std::uint64_t kLongestComment = 0xFFFF;

/// Where the last record of the end stands whose comment fits the file, as Python looks for it.
std::optional<std::uint64_t> find_end(const Bytes& file) {
  if (file.size() < kEndSize) return std::nullopt;
  const std::uint64_t last = file.size() - kEndSize;
  const std::uint64_t first = last > kLongestComment ? last - kLongestComment : 0;
  for (std::uint64_t at = last + 1; at-- > first;) {
    if (file.word(at) == kEnd && file.holds(at, kEndSize + file.half(at + 20))) return at;
  }
  return std::nullopt;
}

class DirectoryReader {
 public:
  DirectoryReader(std::span<const std::byte> bytes, const Place& place, Findings& findings)
      : file_(bytes), place_(place), findings_(findings) {}

  Directory run() {
    const auto end = find_end(file_);
    if (!end) {
      malformed(file_.size(), "it has no end of a directory; the file may be cut");
      return {};
    }
    read_end(*end);
    read_members(*end);
    return std::move(directory_);
  }

 private:
  void malformed(std::uint64_t at, const std::string& what) {
    findings_.add(rules::kMalformedZip, place_, at, concat("byte ", at, ": ", what));
  }

  void read_end(std::uint64_t end) {
    count_ = file_.half(end + 10);
    size_ = file_.word(end + 12);
    std::uint64_t begin = file_.word(end + 16);
    std::uint64_t records_end = end;
    if (file_.half(end + 4) != 0 && file_.half(end + 4) != 0xFFFF) {
      malformed(end, "the archive is said to span several disks");
    }
    if (end >= kLocatorSize && file_.word(end - kLocatorSize) == kLocator64) {
      records_end = read_end64(end - kLocatorSize, begin);
    }
    directory_.end = end + kEndSize + file_.half(end + 20);
    if (directory_.end < file_.size()) {
      findings_.add(rules::kHiddenBytes, place_, directory_.end,
                    concat(file_.size() - directory_.end, " bytes follow the archive"));
    }
    // Offsets count from the first byte of the archive, which need not be that of the file.
    const std::uint64_t expected = records_end - std::min(records_end, size_);
    if (begin > expected) {
      malformed(end, "the directory reaches into the record of its end");
      begin = expected;
    }
    shift_ = expected - begin;
    if (shift_ > 0) {
      findings_.add(rules::kHiddenBytes, place_, 0, concat(shift_, " bytes precede the archive"));
    }
    directory_.begin = expected;
    check_other_ends(end);
  }

  /// Reads the record of the end in zip64's form, and returns where it stands.
  std::uint64_t read_end64(std::uint64_t locator, std::uint64_t& begin) {
    std::uint64_t at = file_.number(locator + 8, 8);
    if (file_.word(at) != kEnd64 && locator >= kEnd64Size) at = locator - kEnd64Size;
    if (!file_.holds(at, kEnd64Size) || file_.word(at) != kEnd64 || at > locator) {
      malformed(locator, "there is no zip64 record where the locator says");
      return locator;
    }
    const std::uint64_t count = file_.number(at + 32, 8);
    const std::uint64_t size = file_.number(at + 40, 8), start = file_.number(at + 48, 8);
    const auto differs = [](std::uint64_t narrow, std::uint64_t wide, std::uint64_t ones) {
      return narrow != ones && narrow != wide;
    };
    if (differs(count_, count, 0xFFFF) || differs(size_, size, kAllOnes) ||
        differs(begin, start, kAllOnes)) {
      malformed(at, "the two records of the directory's end differ");
    }
    count_ = count;
    size_ = size;
    begin = start;
    return at;
  }

  /// Some readers take the first record of the end, some the last.
  void check_other_ends(std::uint64_t end) {
    for (std::uint64_t at = directory_.begin; at + 4 <= file_.size(); ++at) {
      if (at == end || file_.word(at) != kEnd) continue;
      malformed(at, "there is more than one end of a directory");
      return;
    }
  }

  void read_members(std::uint64_t end) {
    std::uint64_t at = directory_.begin;
    while (file_.word(at) == kCentralHeader && file_.holds(at, kCentralSize) && at < end) {
      at = read_member(at);
    }
    if (directory_.members.size() != count_ || at != directory_.begin + size_) {
      malformed(at, concat("the directory has ", directory_.members.size(), " members, but ",
                           count_, " are said to be there"));
    }
  }

  /// Returns where the next one begins.
  std::uint64_t read_member(std::uint64_t at) {
    const std::uint64_t name_size = file_.half(at + 28), extra_size = file_.half(at + 30);
    const std::uint64_t next = at + kCentralSize + name_size + extra_size + file_.half(at + 32);
    Sizes sizes{.unpacked = file_.word(at + 24),
                .packed = file_.word(at + 20),
                .header_at = file_.word(at + 42)};
    apply_zip64(file_, at + kCentralSize + name_size, extra_size, sizes);
    Member member{.name = std::string(file_.text(at + kCentralSize, name_size)),
                  .flags = file_.half(at + 8),
                  .method = file_.half(at + 10),
                  .checksum = file_.word(at + 16),
                  .packed = sizes.packed,
                  .unpacked = sizes.unpacked,
                  .attributes = file_.half(at + 4) >> 8 == 3 ? file_.word(at + 38) >> 16 : 0,
                  .header_at = sizes.header_at + shift_};
    read_local(member);
    directory_.members.push_back(std::move(member));
    return next;
  }

  void mismatch(const Member& member, const std::string& what) {
    findings_.add(rules::kHeaderMismatch, place_.within(printable(member.name)), member.header_at,
                  concat("byte ", member.header_at, ": ", what));
  }

  void read_local(Member& member) {
    const std::uint64_t at = member.header_at;
    if (at > file_.size() || file_.word(at) != kLocalHeader || !file_.holds(at, kLocalSize)) {
      return mismatch(member, "there is no local header where the directory says");
    }
    const std::uint64_t name_size = file_.half(at + 26), extra_size = file_.half(at + 28);
    const std::uint64_t data_at = at + kLocalSize + name_size + extra_size;
    Sizes sizes{.unpacked = file_.word(at + 22), .packed = file_.word(at + 18), .header_at = 0};
    apply_zip64(file_, at + kLocalSize + name_size, extra_size, sizes);
    const auto name = file_.text(at + kLocalSize, name_size);
    const std::uint16_t flags = file_.half(at + 6);
    if (name != member.name) mismatch(member, concat("the local header calls it ", quote(name)));
    if (file_.half(at + 8) != member.method) mismatch(member, "the methods differ");
    if (((flags ^ member.flags) & 0x49) != 0) mismatch(member, "the flags differ");
    // With a descriptor behind the data, the local header may leave them 0.
    const auto differs = [&](std::uint64_t local, std::uint64_t central) {
      return local != central && !(member.has_descriptor() && (local == 0 || local == kAllOnes));
    };
    if (differs(sizes.packed, member.packed) || differs(sizes.unpacked, member.unpacked)) {
      mismatch(member, "the sizes differ");
    }
    if (differs(file_.word(at + 14), member.checksum)) mismatch(member, "the checksums differ");
    if (!file_.holds(data_at, member.packed))
      return mismatch(member, "its data reaches past the end");
    member.data_at = data_at;
  }

  Bytes file_;
  const Place& place_;
  Findings& findings_;
  Directory directory_;
  std::uint64_t count_ = 0, size_ = 0, shift_ = 0;
};

}  // namespace

void apply_zip64(const Bytes& file, std::uint64_t extra_at, std::uint64_t extra_size,
                 Sizes& sizes) {
  const std::uint64_t end = extra_at + extra_size;
  while (extra_at + 4 <= end) {
    const std::uint64_t size = file.half(extra_at + 2);
    if (file.half(extra_at) == 1) {
      std::uint64_t at = extra_at + 4;
      for (std::uint64_t* value : {&sizes.unpacked, &sizes.packed, &sizes.header_at}) {
        if (*value != kAllOnes || at + 8 > extra_at + 4 + size) continue;
        *value = file.number(at, 8);
        at += 8;
      }
      return;
    }
    extra_at += 4 + size;
  }
}

bool looks_like_zip(std::span<const std::byte> bytes) {
  const Bytes file(bytes);
  return file.word(0) == kLocalHeader || (file.word(0) == kEnd && file.size() >= kEndSize);
}

bool ends_like_zip(std::span<const std::byte> bytes) {
  const Bytes file(bytes);
  const auto end = find_end(file);
  // Four bytes may come up by chance within weights, but not with a directory before them.
  if (!end) return false;
  const std::uint64_t size = file.word(*end + 12);
  return size <= *end && (file.word(*end - size) == kCentralHeader ||
                          (*end >= kLocatorSize && file.word(*end - kLocatorSize) == kLocator64));
}

Directory read_directory(std::span<const std::byte> bytes, const Place& place, Findings& findings) {
  return DirectoryReader(bytes, place, findings).run();
}

}  // namespace hadal::msp::zip
