#include "hadal/draf/server/http/head_parser.h"

#include <gtest/gtest.h>

namespace hadal::draf::server {
namespace {

constexpr const char* kPost =
    "POST /v1/models/a%2Fb?q HTTP/1.1\r\nHost: localhost:8000\r\nAuthorization: Bearer k\r\n"
    "Content-Type: application/json\r\nContent-Length: 4\r\nExpect: 100-Continue\r\n\r\nbody";

/// The status that the head in `text` is refused with; 0 for none.
int status_of(std::string text, std::size_t max_bytes = 1000) {
  HeadParser parser(max_bytes);
  try {
    parser.put(text);
    return 0;
  } catch (const ApiError& error) {
    return error.details().status;
  }
}

TEST(HeadParser, ReadsWhatTheServiceLooksAtAndLeavesTheBody) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::size_t{1000}}) {
    HeadParser parser(1000);
    const std::string text = kPost;
    std::string input;
    std::optional<ParsedHead> parsed;
    std::size_t at = 0;
    for (; at < text.size() && !parsed; at += piece) {
      input += text.substr(at, piece);
      parsed = parser.put(input);
    }
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->head.method, "POST");
    EXPECT_EQ(parsed->head.path, "/v1/models/a/b");
    EXPECT_EQ(parsed->head.host, "localhost:8000");
    EXPECT_EQ(parsed->head.authorization, "Bearer k");
    EXPECT_EQ(parsed->head.content_type, "application/json");
    EXPECT_EQ(parsed->head.content_length, 4U);
    EXPECT_TRUE(parsed->keep_alive && parsed->can_chunk && parsed->expects_continue);
    EXPECT_EQ(input + (at < text.size() ? text.substr(at) : ""), "body");
  }
}

TEST(HeadParser, KnowsWhenAConnectionEnds) {
  const auto keeps = [](std::string text) { return HeadParser(1000).put(text)->keep_alive; };
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
}

TEST(HeadParser, RefusesWhatIsNoSoundRequest) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(
      status_of("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
      400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n"),
            400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n"), 417);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: " + std::string(1000, 'a') + "\r\n\r\n"), 431);
}

}  // namespace
}  // namespace hadal::draf::server
