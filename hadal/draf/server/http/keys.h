#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hadal::draf::server {

/// API keys, kept as their SHA-256 alone.
class KeyRing {
 public:
  explicit KeyRing(const std::vector<std::string>& keys);
  bool empty() const { return digests_.empty(); }
  /// Whether the Authorization field `Bearer KEY` has one of the keys. How long it takes tells
  /// nothing of them: hashes are compared, all of them, whole.
  bool admits(std::string_view authorization) const;

 private:
  std::vector<std::string> digests_;
};

/// Whether two texts of the same length are equal, in a time that only their length sets.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace hadal::draf::server
