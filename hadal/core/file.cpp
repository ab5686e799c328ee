#include "hadal/core/file.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ios>
#include <random>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hadal {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& doing, const fs::path& path, int code) {
  std::string hint;
  if (code == ENOSPC) hint = "free some space on that disk and run again";
  if (code == EACCES || code == EPERM || code == EROFS)
    hint = "check the permissions, or name another folder";
  if (code == ENOENT) hint = "check the path";
  throw IoError(
      concat("cannot ", doing, " ", path.string(), ": ", std::generic_category().message(code)),
      hint);
}

/// A descriptor that closes itself.
struct Descriptor {
  explicit Descriptor(int opened) : value(opened) {}
  Descriptor(Descriptor&& other) noexcept : value(std::exchange(other.value, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
  int value;
};

Descriptor open_to_read(const fs::path& path, struct stat& status) {
  // O_NONBLOCK: a named pipe without a writer would wait here for ever. Files do not mind.
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.value < 0) fail("open", path, errno);
  if (::fstat(file.value, &status) != 0) fail("stat", path, errno);
  if (!S_ISREG(status.st_mode))
    throw IoError(concat("cannot read ", path.string(), ": not a regular file"));
  return file;
}

/// Where a write to `path` goes: behind symbolic links, so that these stay.
fs::path follow_links(fs::path path) {
  constexpr int kMostLinks = 40;  // as Linux follows
  std::error_code ignored;
  for (int i = 0; fs::is_symlink(path, ignored); ++i) {
    if (i == kMostLinks) fail("follow", path, ELOOP);
    path = path.parent_path() / fs::read_symlink(path);
  }
  return path;
}

/// A name in the folder of `path` that no other writer uses, of bounded length.
std::string temporary_beside(const fs::path& path) {
  std::random_device entropy;
  const std::uint64_t number = std::uint64_t{entropy()} << 32 | entropy();
  return (path.parent_path() / concat(".hadal-", std::hex, number)).string();
}

void write_all(int descriptor, const char* data, std::size_t size, const fs::path& path) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path, errno);
    data += written;
    size -= static_cast<std::size_t>(written);
  }
}

}  // namespace

MappedFile::MappedFile(const fs::path& path) {
  struct stat status{};
  const Descriptor file = open_to_read(path, status);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = nullptr;
  if (size > 0) {
    data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value, 0);
    if (data == MAP_FAILED) fail("map", path, errno);
  }
  bytes_ = std::shared_ptr<const std::span<const std::byte>>(
      new std::span<const std::byte>(static_cast<const std::byte*>(data), size),
      [](const std::span<const std::byte>* bytes) {
        if (!bytes->empty()) ::munmap(const_cast<std::byte*>(bytes->data()), bytes->size());
        delete bytes;
      });
}

std::string read_file(const fs::path& path, std::size_t max_bytes) {
  struct stat status{};
  const Descriptor file = open_to_read(path, status);
  // Only a first guess: files below /proc claim to be empty, and others may grow meanwhile.
  auto size = static_cast<std::size_t>(status.st_size);
  std::string text;
  std::size_t done = 0;
  while (true) {
    if (done == text.size()) {
      if (size > max_bytes) {
        throw FormatError(concat(path.string(), ": ", size, " bytes or more, but at most ",
                                 max_bytes, " are read"));
      }
      // One byte more than fits tells the end from a file that is too long.
      text.resize(std::min(max_bytes, std::max(size, 2 * done + 4096)) + 1);
    }
    const ssize_t got = ::read(file.value, text.data() + done, text.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
    size = std::max(size, done);
  }
  text.resize(done);
  return text;
}

AtomicFile::AtomicFile(fs::path path) : path_(follow_links(std::move(path))) {
  struct stat status{};
  const bool replaces = ::stat(path_.c_str(), &status) == 0;
  // Renaming onto a device or pipe would remove it.
  if (replaces && !S_ISREG(status.st_mode)) {
    throw IoError(concat("cannot write ", path_.string(), ": not a regular file"),
                  "name a file, or a path where there is none yet");
  }
  while (descriptor_ < 0) {
    temporary_ = temporary_beside(path_);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) fail("create a temporary file beside", path_, errno);
  }
  // A new file has the permissions that the process gives to new files; an old one keeps its own.
  if (replaces) ::fchmod(descriptor_, status.st_mode & 0777);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  write_all(descriptor_, reinterpret_cast<const char*>(bytes.data()), bytes.size(), path_);
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail("sync", path_, errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    fail("rename a temporary file to", path_, errno);
  ::close(descriptor_);
  descriptor_ = -1;
  const fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  const Descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // Some file systems refuse to sync a folder; the file itself is safe by then.
  if (opened.value >= 0) ::fsync(opened.value);
}

void write_file(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw IoError(concat("cannot make the folder ", folder.string(), ": ", error.message()),
                  "check the path and its permissions");
  }
}

std::string sha256(std::span<const std::byte> bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw Unsupported("libcrypto offers no SHA-256",
                      "check the OpenSSL configuration of this machine");
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

std::string sha256(std::string_view text) { return sha256(std::as_bytes(std::span(text))); }

std::string sha256_of_file(const fs::path& path) { return sha256(MappedFile(path).bytes()); }

}  // namespace hadal
