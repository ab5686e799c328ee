#pragma once

#include "hadal/msp/scan/finding.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hadal::msp::zip {

/// A member as the central directory has it, and where its data is.
struct Member {
  std::string name;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;  ///< 0 stored, 8 deflated
  std::uint32_t checksum = 0;
  std::uint64_t packed = 0;    ///< bytes
  std::uint64_t unpacked = 0;  ///< bytes, as declared
  std::uint32_t attributes = 0;
  std::uint64_t header_at = 0;
  std::uint64_t data_at = 0;  ///< 0 where the local header is not to be found

  bool is_encrypted() const { return (flags & 0x41) != 0; }
  bool is_stored() const { return method == 0; }
  bool is_folder() const { return !name.empty() && name.back() == '/'; }
  bool has_descriptor() const { return (flags & 8) != 0; }
};

struct Directory {
  std::vector<Member> members;
  std::uint64_t begin = 0;  ///< of the central directory
  std::uint64_t end = 0;    ///< of the file's last record
};

/// Whether bytes begin as an archive does.
bool looks_like_zip(std::span<const std::byte> bytes);
/// Whether bytes end as an archive does, which is how readers find one.
bool ends_like_zip(std::span<const std::byte> bytes);

/// Reads the central directory (APPNOTE 6.3.10, zip64 included) and the local header of each
/// member, and adds to `findings` where they break the format or differ. What can be read is
/// returned nevertheless. Memory is linear in the directory.
Directory read_directory(std::span<const std::byte> bytes, const Place& place, Findings& findings);

/// Adds to `findings` what is suspicious about the members: names, encryption, links, methods,
/// sizes, bytes that are shared or that nobody owns.
void check_members(const Directory& directory, const Place& place, Findings& findings);

}  // namespace hadal::msp::zip
