#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace hadal::data {

/// What read_maybe_gzip() and the readers on top of it take at most, in unpacked bytes.
inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 31;

/// Unpacks gzip (RFC 1952): one member or several in a row, then perhaps zero bytes as padding.
/// Memory grows with what is unpacked, never with what the input claims.
///
/// `source` names the input in errors. Throws FormatError where it is malformed, fails its
/// checksum, is cut short or is followed by something else, naming the byte of the packed input,
/// and where it unpacks to more than `max_bytes`.
std::string gunzip(std::span<const std::byte> bytes, std::size_t max_bytes,
                   const std::string& source);

/// The content of a file, unpacked where it starts as gzip does, whatever its name. Throws IoError
/// where it cannot be read and FormatError as gunzip() does or where it has more than `max_bytes`.
std::string read_maybe_gzip(const std::filesystem::path& path,
                            std::size_t max_bytes = kMaxFileBytes);

}  // namespace hadal::data
