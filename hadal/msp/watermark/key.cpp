#include "hadal/msp/watermark/key.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"

#include <new>
#include <system_error>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace hadal::msp {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

void require_success(int status) {
  if (status != 1)
    throw Error("the cryptographic library failed", "check the OpenSSL installation");
}

}  // namespace

WatermarkKey make_watermark_key() {
  WatermarkKey key;
  require_success(RAND_bytes(key.bytes.data(), static_cast<int>(key.bytes.size())));
  return key;
}

WatermarkKey read_watermark_key(const std::filesystem::path& path) {
  std::string text = read_file(path, 1024);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  WatermarkKey key;
  const bool is_key = text.size() == 2 * key.bytes.size() &&
                      text.find_first_not_of(kHexDigits) == std::string::npos;
  if (!is_key) {
    throw FormatError(concat(path.string(), ": expected 64 hexadecimal digits in lower case"),
                      "make a key with `hadal watermark key FILE`");
  }
  for (std::size_t i = 0; i < key.bytes.size(); ++i) {
    key.bytes[i] = static_cast<std::uint8_t>(kHexDigits.find(text[2 * i]) << 4 |
                                             kHexDigits.find(text[2 * i + 1]));
  }
  return key;
}

void write_watermark_key(const std::filesystem::path& path, const WatermarkKey& key) {
  namespace fs = std::filesystem;
  if (fs::exists(path)) {
    throw InvalidArgument(
        concat(path.string(), ": exists already, and a key that is overwritten is lost"),
        "name a new file");
  }
  std::string text;
  for (const std::uint8_t byte : key.bytes) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  // Made empty and private first, because a file that is replaced passes its permissions on.
  write_file(path, "");
  std::error_code error;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) throw IoError(concat("cannot protect ", path.string(), ": ", error.message()));
  write_file(path, text + '\n');
}

namespace watermark {

KeyStream::KeyStream(const WatermarkKey& key, std::string_view name) {
  std::array<std::uint8_t, 32> derived{};
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.bytes.data(), static_cast<int>(key.bytes.size()),
           reinterpret_cast<const unsigned char*>(name.data()), name.size(), derived.data(),
           &size) == nullptr) {
    require_success(0);
  }
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  if (cipher == nullptr) throw std::bad_alloc();
  cipher_ = cipher;
  constexpr std::array<std::uint8_t, 16> kStart{};
  const int status =
      EVP_EncryptInit_ex(cipher, EVP_chacha20(), nullptr, derived.data(), kStart.data());
  if (status != 1) EVP_CIPHER_CTX_free(cipher);
  require_success(status);
}

KeyStream::~KeyStream() { EVP_CIPHER_CTX_free(static_cast<EVP_CIPHER_CTX*>(cipher_)); }

void KeyStream::refill() {
  // The cipher adds its stream to what it is given.
  words_.fill(0);
  auto* bytes = reinterpret_cast<unsigned char*>(words_.data());
  int written = 0;
  require_success(EVP_EncryptUpdate(static_cast<EVP_CIPHER_CTX*>(cipher_), bytes, &written, bytes,
                                    static_cast<int>(sizeof words_)));
  at_ = 0;
}

}  // namespace watermark
}  // namespace hadal::msp
