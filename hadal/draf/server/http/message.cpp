#include "hadal/draf/server/http/message.h"

#include "hadal/core/error.h"

#include <array>
#include <charconv>

namespace hadal::draf::server {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Error";
  }
}

}  // namespace

HttpReply reply_of(const ApiError& error) {
  const auto& details = error.details();
  HttpReply reply{.status = details.status, .body = error.json()};
  if (details.retry_after > 0) {
    reply.headers.emplace_back("Retry-After", concat(details.retry_after));
  }
  if (!details.allow.empty()) reply.headers.emplace_back("Allow", details.allow);
  if (details.status == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

std::string head_of(const HttpReply& reply, Framing framing, bool keep_alive,
                    const std::string& request_id) {
  std::string head = concat("HTTP/1.1 ", reply.status, ' ', reason_of(reply.status),
                            "\r\nServer: hadal\r\nContent-Type: ", reply.content_type,
                            "\r\nX-Request-Id: ", request_id,
                            "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff"
                            "\r\nReferrer-Policy: no-referrer"
                            "\r\nCross-Origin-Resource-Policy: same-origin\r\n");
  for (const auto& [name, value] : reply.headers) head += concat(name, ": ", value, "\r\n");
  if (framing == Framing::length) head += concat("Content-Length: ", reply.body.size(), "\r\n");
  if (framing == Framing::chunked) head += "Transfer-Encoding: chunked\r\n";
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

std::string http_chunk(std::string_view text) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), text.size(), 16).ptr;
  std::string chunk(digits.begin(), end);
  chunk += "\r\n";
  chunk += text;
  chunk += "\r\n";
  return chunk;
}

std::optional<std::string> path_of_target(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  target = target.substr(0, target.find_first_of("?#"));
  std::string path;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] != '%') {
      path += target[i];
      continue;
    }
    if (i + 2 >= target.size()) return std::nullopt;
    unsigned char byte = 0;
    const char* const begin = target.data() + i + 1;
    const auto parsed = std::from_chars(begin, begin + 2, byte, 16);
    if (parsed.ec != std::errc() || parsed.ptr != begin + 2 || byte == 0) return std::nullopt;
    path += static_cast<char>(byte);
    i += 2;
  }
  return path;
}

}  // namespace hadal::draf::server
