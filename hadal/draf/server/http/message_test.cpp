#include "hadal/draf/server/http/message.h"

#include "hadal/draf/server/api/sse.h"
#include "hadal/draf/server/http/host.h"

#include <gtest/gtest.h>

namespace hadal::draf::server {
namespace {

TEST(HttpChunk, CountsItsBytesInHexadecimal) {
  EXPECT_EQ(http_chunk("a"), "1\r\na\r\n");
  EXPECT_EQ(http_chunk(std::string(26, 'x')), "1a\r\n" + std::string(26, 'x') + "\r\n");
}

TEST(SseEvent, EndsWithAnEmptyLine) { EXPECT_EQ(sse_event("{}"), "data: {}\n\n"); }

TEST(HeadOf, SaysHowTheBodyEnds) {
  const HttpReply reply{.status = 429, .body = "four", .headers = {{"Retry-After", "2"}}};
  const std::string whole = head_of(reply, Framing::length, true, "id");
  EXPECT_TRUE(whole.starts_with("HTTP/1.1 429 Too Many Requests\r\n")) << whole;
  EXPECT_NE(whole.find("\r\nContent-Length: 4\r\n"), whole.npos);
  EXPECT_NE(whole.find("\r\nRetry-After: 2\r\n"), whole.npos);
  EXPECT_TRUE(whole.ends_with("\r\nConnection: keep-alive\r\n\r\n"));
  const std::string chunked = head_of(reply, Framing::chunked, false, "id");
  EXPECT_NE(chunked.find("\r\nTransfer-Encoding: chunked\r\n"), chunked.npos);
  EXPECT_EQ(chunked.find("Content-Length"), chunked.npos);
  EXPECT_TRUE(chunked.ends_with("\r\nConnection: close\r\n\r\n"));
}

TEST(PathOfTarget, DecodesAndLeavesTheQuery) {
  EXPECT_EQ(path_of_target("/"), "/");
  EXPECT_EQ(path_of_target("/a%2Fb%20c?d=%zz#e"), "/a/b c");
  for (const char* bad : {"", "a", "*", "http://x/", "/%", "/%1", "/%zz", "/%00", "/%+1"}) {
    EXPECT_EQ(path_of_target(bad), std::nullopt) << bad;
  }
}

TEST(HostName, LeavesThePort) {
  EXPECT_EQ(host_name("Example.ORG:80"), "example.org");
  EXPECT_EQ(host_name("[::1]:80"), "[::1]");
  EXPECT_TRUE(is_loopback_name("localhost:8000"));
  EXPECT_TRUE(is_loopback_name("[::1]"));
  for (const char* other : {"", "[::1", "localhost.org", "127.0.0.1.org", "::1", "[::2]:1"}) {
    EXPECT_FALSE(is_loopback_name(other)) << other;
  }
}

TEST(ApiError, HasTheShapeOfOpenAis) {
  EXPECT_EQ(
      bad_field("n", "n: \"no\"").json(),
      R"({"error":{"message":"n: \"no\"","type":"invalid_request_error","param":"n","code":null}})");
  EXPECT_EQ(reply_of(shutting_down()).headers,
            (std::vector<std::pair<std::string, std::string>>{{"Retry-After", "5"}}));
}

}  // namespace
}  // namespace hadal::draf::server
