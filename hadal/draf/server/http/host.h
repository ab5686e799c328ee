#pragma once

#include <string>
#include <string_view>

namespace hadal::draf::server {

/// The name in a Host field, without its port and in lower case; IPv6 addresses keep their
/// brackets.
std::string host_name(std::string_view host);
/// Whether a Host field names the loopback device: localhost, 127.0.0.1 or [::1]. A page whose own
/// name was made to lead there ("DNS rebinding") names another.
bool is_loopback_name(std::string_view host);

}  // namespace hadal::draf::server
