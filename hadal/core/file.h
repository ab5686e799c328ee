#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hadal {

/// A file mapped read-only into memory. Copies share one mapping; the last one unmaps. Nobody may
/// shorten the file meanwhile: to read beyond its end raises SIGBUS. Files that AtomicFile replaces
/// stay whole for those who mapped them.
class MappedFile {
 public:
  /// Maps all of `path`. Throws IoError where it cannot be opened, is no regular file, or mapped.
  explicit MappedFile(const std::filesystem::path& path);
  std::span<const std::byte> bytes() const { return *bytes_; }
  /// Keeps the mapping alive for as long as the pointer lives.
  std::shared_ptr<const void> keep_alive() const { return bytes_; }

 private:
  std::shared_ptr<const std::span<const std::byte>> bytes_;
};

/// The whole file as a string, those below /proc and /sys among them. Throws IoError where it
/// cannot be read, and FormatError where it is longer than `max_bytes`.
std::string read_file(const std::filesystem::path& path,
                      std::size_t max_bytes = std::size_t{1} << 31);

/// Writes a file so that readers see the old content or all of the new, never a part: bytes go to a
/// temporary file in the same folder, which commit() syncs and renames. Without commit() (an
/// exception, say) the temporary file is removed and `path` left as it was. A symbolic link stays
/// and the file behind it is replaced; a file that is replaced passes its permissions on.
class AtomicFile {
 public:
  /// Throws IoError where the temporary file cannot be made, or `path` is no regular file.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Throws IoError on a write error, a full disk among them.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  /// Syncs, renames, and syncs the folder. Throws IoError.
  void commit();

 private:
  std::filesystem::path path_;
  std::string temporary_;
  int descriptor_ = -1;
};

/// AtomicFile for a text that is already whole.
void write_file(const std::filesystem::path& path, std::string_view text);

/// Makes `folder`, and those above it, where they are not there. Throws IoError.
void make_folder(const std::filesystem::path& folder);

/// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256(std::span<const std::byte> bytes);
std::string sha256(std::string_view text);
/// SHA-256 of a file's content. Throws IoError.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace hadal
