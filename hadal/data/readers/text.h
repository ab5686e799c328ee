#pragma once

#include "hadal/data/readers/gzip.h"

#include <cstddef>
#include <filesystem>
#include <string>

namespace hadal::data {

/// The text of a UTF-8 file, unpacked where it is gzip, without a byte order mark. Line ends stay
/// as they are. Throws IoError where it cannot be read, and FormatError where it has more than
/// `max_bytes` unpacked or is not UTF-8, naming the byte.
std::string read_text(const std::filesystem::path& path, std::size_t max_bytes = kMaxFileBytes);

/// The same for the unpacked `bytes` of a file; `source` names them in errors.
std::string parse_text(std::string bytes, const std::string& source);

}  // namespace hadal::data
