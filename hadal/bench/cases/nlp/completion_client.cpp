#include "hadal/bench/cases/nlp/completion_client.h"

#include "hadal/core/error.h"

#include <array>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hadal::bench {
namespace {

class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (socket_ < 0 ||
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw Error("the server does not take a connection");
    }
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw Error("the server ended the connection");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Adds what comes next to `to`; false at the end.
  bool receive(std::string& to) {
    std::array<char, 4096> bytes;
    const auto count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (count <= 0) return false;
    to.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
  }

 private:
  int socket_;
};

std::string request_of(const std::vector<std::int64_t>& prompt, std::int64_t tokens) {
  std::string ids;
  for (const std::int64_t id : prompt) ids += concat(ids.empty() ? "" : ",", id);
  const std::string body =
      concat(R"({"stream":true,"temperature":0,"ignore_eos":true,"max_tokens":)", tokens,
             R"(,"prompt":[)", ids, "]}");
  return concat("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
                "Content-Type: application/json\r\nContent-Length: ", body.size(), "\r\n\r\n",
                body);
}

/// Takes the texts of the events that are whole out of `bytes`.
std::string take_texts(std::string& bytes) {
  constexpr std::string_view kBegin = "\"text\":\"";
  std::string texts;
  for (;;) {
    const std::size_t begin = bytes.find(kBegin);
    if (begin == std::string::npos) return texts;
    const std::size_t end = bytes.find('"', begin + kBegin.size());
    if (end == std::string::npos) return texts;
    texts.append(bytes, begin + kBegin.size(), end - begin - kBegin.size());
    bytes.erase(0, end);
  }
}

}  // namespace

StreamedCompletion stream_completion(std::uint16_t port, const std::vector<std::int64_t>& prompt,
                                     std::int64_t tokens) {
  using Clock = StreamedCompletion::Clock;
  const std::string request = request_of(prompt, tokens);
  Connection connection(port);
  StreamedCompletion seen{.text = {}, .sent = Clock::now()};
  connection.send(request);
  std::string bytes;
  bool begun = false;
  while (connection.receive(bytes)) {
    const auto now = Clock::now();
    if (!begun && bytes.find("\r\n") == std::string::npos) continue;
    if (!begun && !bytes.starts_with("HTTP/1.1 200")) throw Error("the server refuses: " + bytes);
    begun = true;
    seen.text += take_texts(bytes);
    seen.bytes_at.resize(seen.text.size(), now);
  }
  if (bytes.find("[DONE]") == std::string::npos) throw Error("the stream broke off");
  return seen;
}

}  // namespace hadal::bench
