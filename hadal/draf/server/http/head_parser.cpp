#include "hadal/draf/server/http/head_parser.h"

#include "hadal/core/error.h"

#include <cstdint>
#include <limits>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

namespace hadal::draf::server {
namespace {

namespace http = boost::beast::http;

using Parser = http::request_parser<http::empty_body>;

ApiError malformed(const std::string& what) {
  return ApiError(concat("malformed HTTP: ", what), {.code = "malformed_http"});
}

std::string text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

ParsedHead head_of_request(const Parser& parser) {
  constexpr unsigned kHttp10 = 10;
  constexpr unsigned kHttp11 = 11;
  const auto& request = parser.get();
  if (request.version() != kHttp10 && request.version() != kHttp11) {
    throw malformed("only the versions 1.0 and 1.1 are served");
  }
  const auto path = path_of_target({request.target().data(), request.target().size()});
  if (!path) throw malformed("the target must be a path");
  const auto hosts = request.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && request.version() == kHttp11)) {
    throw malformed("expected one Host field");
  }
  ParsedHead parsed{.head = {.method = text_of(request.method_string()),
                             .path = *path,
                             .host = text_of(request[http::field::host]),
                             .authorization = text_of(request[http::field::authorization]),
                             .content_type = text_of(request[http::field::content_type])}};
  if (const auto length = parser.content_length()) parsed.head.content_length = *length;
  parsed.head.chunked = parser.chunked();
  parsed.keep_alive = request.keep_alive();
  parsed.can_chunk = request.version() == kHttp11;
  if (request.count(http::field::expect) > 0) {
    if (!boost::beast::iequals(request[http::field::expect], "100-continue")) {
      throw ApiError("only the expectation 100-continue is served", {.status = 417});
    }
    parsed.expects_continue = true;
  }
  return parsed;
}

}  // namespace

class HeadParser::Impl {
 public:
  explicit Impl(std::size_t max_bytes) {
    parser_.header_limit(static_cast<std::uint32_t>(max_bytes));
    // Service::admit() looks at it. (Boost 1.74 takes "no limit" for a limit of none.)
    parser_.body_limit(std::numeric_limits<std::uint64_t>::max());
    parser_.eager(false);
  }

  std::optional<ParsedHead> put(std::string& input) {
    if (input.empty()) return std::nullopt;
    boost::beast::error_code error;
    const std::size_t used = parser_.put(boost::asio::buffer(input), error);
    input.erase(0, used);
    if (error == http::error::header_limit) {
      throw ApiError("the header fields are longer than the server takes", {.status = 431});
    }
    if (error && error != http::error::need_more) throw malformed(error.message());
    if (!parser_.is_header_done()) return std::nullopt;
    return head_of_request(parser_);
  }

 private:
  Parser parser_;
};

HeadParser::HeadParser(std::size_t max_bytes) : impl_(std::make_unique<Impl>(max_bytes)) {}
HeadParser::~HeadParser() = default;

std::optional<ParsedHead> HeadParser::put(std::string& input) { return impl_->put(input); }

}  // namespace hadal::draf::server
