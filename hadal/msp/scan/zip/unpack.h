#pragma once

#include "hadal/msp/scan/zip/directory.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hadal::msp::zip {

/// What a member unpacks to.
struct Unpacked {
  std::span<const std::byte> bytes;  ///< of the archive where it is stored, or of `own`
  std::vector<std::byte> own;
  bool is_cut = false;  ///< there is more than was asked for
};

/// Unpacks a member that has data, stored or deflated, to at most `most` bytes. Memory grows with
/// what is unpacked, never with what the archive claims. Adds to `findings` where the content
/// breaks its format, or is not of the declared size or checksum; the bytes up to there are
/// returned.
Unpacked unpack(std::span<const std::byte> archive, const Member& member, std::size_t most,
                const Place& place, Findings& findings);

}  // namespace hadal::msp::zip
