#pragma once

#include "hadal/msp/scan/finding.h"
#include "hadal/msp/scan/pickle/imports.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace hadal::msp::pickle {

/// Bytes within a pickle that may be a file of their own.
struct Payload {
  std::span<const std::byte> bytes;
  std::size_t at = 0;  ///< the byte where the opcode that has them, or unpickles them, stands
  bool is_unpickled = false;  ///< by what the pickle calls; otherwise they only look like it
};

/// A storage of PyTorch that a pickle refers to, which lies beside it in an archive.
struct Storage {
  std::string type;  ///< "FloatStorage"
  std::string key;   ///< names the archive's member
};

struct Result {
  std::size_t end = 0;    ///< the byte after its STOP
  bool is_whole = false;  ///< false: it broke the format, which is a finding
  /// It makes PyTorch's magic number, with which files of its versions before 1.6 begin.
  bool is_torch_magic = false;
  std::vector<Payload> payloads;
  std::vector<Storage> storages;  ///< at most 100,000
};

/// Follows the opcodes of one pickle (protocols 0 to 5) from byte `begin` of `bytes` to its STOP,
/// without making or importing anything, and adds to `findings` what it imports and calls beyond
/// allowed_globals.txt, and where it breaks the format. Offsets count from the start of `bytes`,
/// into which payloads point, or into `machine`, which must be new. Memory is bounded.
Result scan_pickle(std::span<const std::byte> bytes, std::size_t begin, const Context& context,
                   const Place& place, Findings& findings, Machine& machine);

/// Whether bytes begin as a pickle of protocol 2 or later, as all writers of today do.
bool looks_like_pickle(std::span<const std::byte> bytes);

}  // namespace hadal::msp::pickle
