#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace c10d {
class Store;
}

namespace hadal {

/// Small texts under names, which all processes of a job share: c10d's TCPStore, whose protocol
/// PyTorch's processes speak as well. One object is one connection, and a call that waits keeps
/// other calls on it waiting; other threads take a connection of their own. All functions throw
/// IoError where the store cannot be reached.
class KeyStore {
 public:
  /// Starts a store in this process, at `port` or, where that is 0, at a free one.
  static KeyStore host(int port, std::chrono::milliseconds timeout);
  /// Connects to a store, for whose start it waits up to `timeout`.
  static KeyStore connect(const std::string& address, int port, std::chrono::milliseconds timeout);

  int port() const;
  /// The same store; each name starts with `prefix` and a slash.
  KeyStore within(const std::string& prefix) const;
  /// The same store, whose values only those who know `secret` can read and write: see sealed().
  KeyStore sealed_by(const std::string& secret) const;

  void set(const std::string& key, const std::string& value);
  /// Of names that are there: else it waits, up to the timeout.
  std::vector<std::string> get(const std::vector<std::string>& keys);
  /// Whether all of these names are there.
  bool has(const std::vector<std::string>& keys);

  /// For sources that speak to c10d itself.
  const std::shared_ptr<c10d::Store>& native() const { return store_; }

 private:
  KeyStore(std::shared_ptr<c10d::Store> store, int port) : store_(std::move(store)), port_(port) {}
  std::shared_ptr<c10d::Store> store_;
  int port_;
};

}  // namespace hadal
