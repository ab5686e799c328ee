#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hadal::draf {

/// What a server listens on, whom it serves and how much of its memory and time one may take.
struct ServerOptions {
  std::string host = "127.0.0.1";  ///< an IP address, or "localhost"
  std::uint16_t port = 8000;       ///< 0: any that is free
  std::vector<std::string> api_keys = {};
  /// Serve addresses other than the loopback device's without a key.
  bool insecure_no_key = false;
  /// Names by which clients may call a server on the loopback device, apart from the device's own.
  std::vector<std::string> allowed_hosts = {};

  int io_threads = 2;
  std::size_t max_connections = 2048;
  std::size_t max_header_bytes = std::size_t{16} << 10;
  std::size_t max_body_bytes = std::size_t{4} << 20;
  std::size_t max_bodies_bytes = std::size_t{256} << 20;  ///< of all requests together
  std::size_t max_output_bytes = std::size_t{1} << 20;    ///< that wait for a slow reader
  std::int64_t max_choices = 128;                         ///< of one request: prompts times n
  std::int64_t max_prompt_tokens = 0;                     ///< 0: as the model's context allows

  double header_seconds = 10;  ///< from a connection's or request's first byte to its headers' end
  double body_seconds = 60;    ///< from there to the body's end
  double idle_seconds = 75;    ///< between the requests of a connection
  double write_seconds = 30;   ///< for a reader to take what waits
  double request_seconds = 600;  ///< from a request's end to its reply's
};

/// Throws InvalidArgument for a value out of its range, for a key that is empty, has characters
/// that no header may carry or comes twice, and for an address beyond the loopback device without
/// a key.
void check(const ServerOptions& options);

/// The keys in `file`, one a line, where there is one, and in the environment variable
/// HADAL_API_KEY, where it is set. Empty lines and those that begin with "#" do not count. Throws
/// IoError where the file cannot be read, and InvalidArgument where it has no key.
std::vector<std::string> load_api_keys(const std::optional<std::filesystem::path>& file);

/// Whether only this machine can call a server that listens on `host`.
bool is_loopback(const std::string& host);

}  // namespace hadal::draf
