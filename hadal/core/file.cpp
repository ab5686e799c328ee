#include "hadal/core/file.h"

#include "hadal/core/error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

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
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

Descriptor open_to_read(const fs::path& path, struct stat& status) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value < 0) fail("open", path, errno);
  if (::fstat(file.value, &status) != 0) fail("stat", path, errno);
  if (!S_ISREG(status.st_mode))
    throw IoError(concat("cannot read ", path.string(), ": not a regular file"));
  return file;
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
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > max_bytes) {
    throw FormatError(
        concat(path.string(), ": ", size, " bytes, but at most ", max_bytes, " are read"));
  }
  std::string text(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(file.value, text.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  temporary_ = path_.string() + ".XXXXXX";
  descriptor_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("create a temporary file beside", path_, errno);
  // mkostemp makes the file private; the result should have the permissions of any new file.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(descriptor_, 0666 & ~mask);
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
