#include "hadal/draf/server/http/keys.h"

#include "hadal/core/file.h"

#include <cstddef>

namespace hadal::draf::server {
namespace {

constexpr std::string_view kScheme = "bearer ";

bool is_bearer(std::string_view authorization) {
  if (authorization.size() < kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kScheme[i]) return false;
  }
  return true;
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  // `volatile` keeps the compiler from leaving the loop early.
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

KeyRing::KeyRing(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) digests_.push_back(sha256(key));
}

bool KeyRing::admits(std::string_view authorization) const {
  if (!is_bearer(authorization)) return false;
  const std::string digest = sha256(authorization.substr(kScheme.size()));
  bool found = false;
  for (const std::string& known : digests_) found |= equal_in_constant_time(digest, known);
  return found;
}

}  // namespace hadal::draf::server
