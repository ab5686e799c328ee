#pragma once

#include "hadal/draf/server/http/message.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace hadal::draf::server {

/// A request's line and header fields.
struct ParsedHead {
  RequestHead head;
  bool keep_alive = false;        ///< the client may send another request
  bool can_chunk = false;         ///< it speaks HTTP/1.1
  bool expects_continue = false;  ///< it waits for "100 Continue" before it sends the body
};

/// Parses the hostile head of one HTTP request as its bytes come.
class HeadParser {
 public:
  explicit HeadParser(std::size_t max_bytes);
  ~HeadParser();
  /// Takes what it can from the front of `input`. The head, once it is whole. Throws ApiError (400,
  /// 417, 431), after which the connection cannot go on.
  std::optional<ParsedHead> put(std::string& input);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hadal::draf::server
