#pragma once

#include "hadal/draf/server/api/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hadal::draf::server {

/// What is known of a request before its body is read.
struct RequestHead {
  std::string method;
  std::string path;  ///< without the query, its %-escapes decoded
  std::string host = {};
  std::string authorization = {};
  std::string content_type = {};
  std::optional<std::uint64_t> content_length = {};
  bool chunked = false;  ///< a body of a length that is not said
};

struct HttpReply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< apart from the usual ones
};

HttpReply reply_of(const ApiError& error);

/// "HTTP/1.1 200 OK" and the header fields, up to the empty line. A reply is of known length, or
/// chunked, or ends with its connection.
enum class Framing { length, chunked, close };
std::string head_of(const HttpReply& reply, Framing framing, bool keep_alive,
                    const std::string& request_id);

/// A part of a chunked body; `text` must not be empty.
std::string http_chunk(std::string_view text);
inline constexpr std::string_view kLastHttpChunk = "0\r\n\r\n";

/// The path of a request's target, decoded, or nothing where it is malformed.
std::optional<std::string> path_of_target(std::string_view target);

}  // namespace hadal::draf::server
