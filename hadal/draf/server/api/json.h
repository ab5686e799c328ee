#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace hadal::draf::server {

/// What the server writes: members stay in the order that they are given in.
using Json = nlohmann::ordered_json;

/// On one line. Bytes that are not UTF-8 become U+FFFD.
inline std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hadal::draf::server
