#include "hadal/core/process_group/key_store.h"

#include "hadal/core/error.h"
#include "hadal/core/process_group/sealed_store.h"

#include <utility>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace hadal {
namespace {

using NativeStore = c10::intrusive_ptr<c10d::Store>;

/// The two counts of references side by side: the pointer that callers share holds c10d's own.
std::shared_ptr<c10d::Store> shared(NativeStore store) {
  auto* raw = store.get();
  return {raw, [kept = std::move(store)](c10d::Store*) {}};
}

NativeStore native_of(const std::shared_ptr<c10d::Store>& store) {
  return NativeStore::reclaim_copy(store.get());
}

/// The first line of what c10d says, without its stack.
std::string first_line(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  return text.substr(0, text.find('\n'));
}

template <class Action>
auto guarded(const std::string& doing, const Action& action) {
  try {
    return action();
  } catch (const c10::Error& error) {
    throw IoError(concat(doing, ": ", first_line(error)));
  }
}

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

KeyStore KeyStore::host(int port, std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(port);
  options.isServer = true;
  options.waitWorkers = false;
  options.timeout = timeout;
  return guarded(concat("cannot host the store at port ", port), [&] {
    auto store = c10::make_intrusive<c10d::TCPStore>("127.0.0.1", options);
    const int bound = store->getPort();
    return KeyStore(shared(std::move(store)), bound);
  });
}

KeyStore KeyStore::connect(const std::string& address, int port,
                           std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(port);
  options.waitWorkers = false;
  options.timeout = timeout;
  return guarded(concat("cannot reach the store at ", address, ":", port), [&] {
    return KeyStore(shared(c10::make_intrusive<c10d::TCPStore>(address, options)), port);
  });
}

int KeyStore::port() const { return port_; }

KeyStore KeyStore::within(const std::string& prefix) const {
  return {shared(c10::make_intrusive<c10d::PrefixStore>(prefix, native_of(store_))), port_};
}

KeyStore KeyStore::sealed_by(const std::string& secret) const {
  return {shared(sealed(native_of(store_), secret)), port_};
}

void KeyStore::set(const std::string& key, const std::string& value) {
  guarded(concat("cannot write ", key, " to the store"),
          [&] { store_->set(key, bytes_of(value)); });
}

std::vector<std::string> KeyStore::get(const std::vector<std::string>& keys) {
  return guarded("cannot read from the store", [&] {
    std::vector<std::string> values;
    for (const auto& bytes : store_->multiGet(keys))
      values.emplace_back(bytes.begin(), bytes.end());
    return values;
  });
}

bool KeyStore::has(const std::vector<std::string>& keys) {
  return guarded("cannot ask the store", [&] { return store_->check(keys); });
}

}  // namespace hadal
