#include "hadal/draf/server/options.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

namespace hadal::draf {
namespace {

void check_key(const std::string& key) {
  constexpr std::size_t kLongest = 512;
  const bool sound = std::ranges::all_of(key, [](char c) { return c > ' ' && c < '\x7f'; });
  if (key.empty() || key.size() > kLongest || !sound) {
    throw InvalidArgument(
        concat("an API key must be 1 to ", kLongest, " printable ASCII characters without spaces"),
        "`openssl rand -hex 32` makes a good one");
  }
}

template <class Value>
void check_positive(const char* name, Value value) {
  if (!(value > 0)) throw InvalidArgument(concat(name, " must be above 0, got ", value));
}

void check_limits(const ServerOptions& options) {
  constexpr double kLongest = 1e6;
  constexpr int kMostThreads = 256;
  constexpr std::size_t kMostHeaderBytes = std::size_t{1} << 20;
  check_positive("io_threads", options.io_threads);
  if (options.io_threads > kMostThreads) {
    throw InvalidArgument(
        concat("io_threads must be at most ", kMostThreads, ", got ", options.io_threads));
  }
  check_positive("max_connections", options.max_connections);
  check_positive("max_header_bytes", options.max_header_bytes);
  if (options.max_header_bytes > kMostHeaderBytes) {
    throw InvalidArgument(concat("max_header_bytes must be at most ", kMostHeaderBytes, ", got ",
                                 options.max_header_bytes));
  }
  check_positive("max_body_bytes", options.max_body_bytes);
  check_positive("max_bodies_bytes", options.max_bodies_bytes);
  check_positive("max_output_bytes", options.max_output_bytes);
  check_positive("max_choices", options.max_choices);
  for (const auto& [name, seconds] : {std::pair{"header_seconds", options.header_seconds},
                                      std::pair{"body_seconds", options.body_seconds},
                                      std::pair{"idle_seconds", options.idle_seconds},
                                      std::pair{"write_seconds", options.write_seconds},
                                      std::pair{"request_seconds", options.request_seconds}}) {
    check_positive(name, seconds);
    if (!(seconds <= kLongest)) {
      throw InvalidArgument(concat(name, " must be at most ", kLongest, ", got ", seconds));
    }
  }
  if (options.max_prompt_tokens < 0) {
    throw InvalidArgument(
        concat("max_prompt_tokens must be at least 0, got ", options.max_prompt_tokens));
  }
}

}  // namespace

std::vector<std::string> load_api_keys(const std::optional<std::filesystem::path>& file) {
  constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  std::vector<std::string> keys;
  if (const char* key = std::getenv("HADAL_API_KEY"); key && *key) keys.emplace_back(key);
  if (!file) return keys;
  const std::string text = read_file(*file, kMaxBytes);
  const std::size_t before = keys.size();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty() && line.front() != '#') keys.push_back(std::move(line));
    begin = end + 1;
  }
  if (keys.size() == before) {
    throw InvalidArgument(concat(file->string(), ": there is no API key in this file"),
                          "write one a line; `openssl rand -hex 32` makes a good one");
  }
  return keys;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void check(const ServerOptions& options) {
  check_limits(options);
  std::ranges::for_each(options.api_keys, check_key);
  if (std::set(options.api_keys.begin(), options.api_keys.end()).size() !=
      options.api_keys.size()) {
    throw InvalidArgument("an API key comes twice");
  }
  if (!is_loopback(options.host) && options.api_keys.empty() && !options.insecure_no_key) {
    throw InvalidArgument(
        concat("to listen on ", quote(options.host),
               " without an API key would let everyone who reaches this machine use it"),
        "give keys (--api-key-file, or HADAL_API_KEY), or say --insecure-no-key");
  }
}

}  // namespace hadal::draf
