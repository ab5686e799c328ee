#include "hadal/draf/server/http/host.h"

#include <algorithm>

namespace hadal::draf::server {

std::string host_name(std::string_view host) {
  const auto end =
      host.starts_with('[') ? host.find(']') + 1 : std::min(host.find(':'), host.size());
  std::string name(host.substr(0, end));
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return name;
}

bool is_loopback_name(std::string_view host) {
  const std::string name = host_name(host);
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

}  // namespace hadal::draf::server
