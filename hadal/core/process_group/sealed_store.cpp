#include "hadal/core/process_group/sealed_store.h"

#include "hadal/core/error.h"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace hadal {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Key = std::array<std::uint8_t, 32>;
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;

Key key_of(const std::string& secret) {
  // A secret of 16 characters and more that nobody can guess needs no slow derivation.
  const std::string text = concat("hadal rendezvous 1\n", secret);
  Key key;
  if (EVP_Digest(text.data(), text.size(), key.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw Error("OpenSSL cannot compute SHA-256");
  }
  return key;
}

void require(int done, const char* doing) {
  if (done != 1) throw Error(concat("OpenSSL cannot ", doing, " a value of the store"));
}

/// Takes the name into the seal, and `from` into `to`.
int run(EVP_CIPHER_CTX* cipher, const std::string& name, const std::uint8_t* from, std::size_t size,
        std::uint8_t* to) {
  int written = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(name.data());
  if (EVP_CipherUpdate(cipher, nullptr, &written, bytes, static_cast<int>(name.size())) != 1) {
    return 0;
  }
  return EVP_CipherUpdate(cipher, to, &written, from, static_cast<int>(size));
}

/// Nonce, tag, and the value in cipher.
Bytes seal(const Key& key, const std::string& name, const Bytes& value) {
  Bytes sealed(kNonce + kTag + value.size());
  require(RAND_bytes(sealed.data(), kNonce), "seal");
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::uint8_t* body = sealed.data() + kNonce + kTag;
  int rest = 0;
  require(EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), sealed.data(), 1),
          "seal");
  require(run(cipher.get(), name, value.data(), value.size(), body), "seal");
  require(EVP_CipherFinal_ex(cipher.get(), body + value.size(), &rest), "seal");
  require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag, sealed.data() + kNonce),
          "seal");
  return sealed;
}

Bytes open(const Key& key, const std::string& name, Bytes sealed) {
  if (sealed.size() >= kNonce + kTag) {
    const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    const std::uint8_t* body = sealed.data() + kNonce + kTag;
    Bytes value(sealed.size() - kNonce - kTag);
    int rest = 0;
    std::uint8_t nothing[kTag];  // where GCM would write what it never has
    if (EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), sealed.data(), 0) ==
            1 &&
        run(cipher.get(), name, body, value.size(), value.data()) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTag, sealed.data() + kNonce) ==
            1 &&
        EVP_CipherFinal_ex(cipher.get(), nothing, &rest) == 1) {
      return value;
    }
  }
  C10_THROW_ERROR(DistStoreError,
                  concat("another process wrote ", name, " with another secret, or with none"));
}

class SealedStore final : public c10d::Store {
 public:
  SealedStore(c10::intrusive_ptr<c10d::Store> store, const Key& key)
      : c10d::Store(store->getTimeout()), store_(std::move(store)), key_(key) {}

  using c10d::Store::set;
  c10::intrusive_ptr<c10d::Store> clone() override {
    return c10::make_intrusive<SealedStore>(store_->clone(), key_);
  }
  void set(const std::string& name, const Bytes& value) override {
    store_->set(name, seal(key_, name, value));
  }
  Bytes get(const std::string& name) override { return open(key_, name, store_->get(name)); }
  std::vector<Bytes> multiGet(const std::vector<std::string>& names) override {
    std::vector<Bytes> values = store_->multiGet(names);
    for (std::size_t i = 0; i < names.size(); ++i) {
      values[i] = open(key_, names[i], std::move(values[i]));
    }
    return values;
  }
  std::int64_t add(const std::string& name, std::int64_t value) override {
    return store_->add(name, value);
  }
  bool deleteKey(const std::string& name) override { return store_->deleteKey(name); }
  bool check(const std::vector<std::string>& names) override { return store_->check(names); }
  std::int64_t getNumKeys() override { return store_->getNumKeys(); }
  void wait(const std::vector<std::string>& names) override { store_->wait(names); }
  void wait(const std::vector<std::string>& names,
            const std::chrono::milliseconds& timeout) override {
    store_->wait(names, timeout);
  }
  const std::chrono::milliseconds& getTimeout() const noexcept override {
    return store_->getTimeout();
  }
  void setTimeout(const std::chrono::milliseconds& timeout) override {
    store_->setTimeout(timeout);
  }
  bool hasExtendedApi() const override { return false; }

 private:
  c10::intrusive_ptr<c10d::Store> store_;
  Key key_;
};

}  // namespace

c10::intrusive_ptr<c10d::Store> sealed(c10::intrusive_ptr<c10d::Store> store,
                                       const std::string& secret) {
  return c10::make_intrusive<SealedStore>(std::move(store), key_of(secret));
}

}  // namespace hadal
