#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::draf::plan {

/// A request as the planner sees it.
struct Arrival {
  double seconds = 0;  ///< after the first
  std::int64_t prompt = 0;
  std::int64_t output = 0;  ///< tokens that it generates, at least 1
};

/// What clients ask for: equal requests, or those of a trace.
struct Workload {
  std::int64_t prompt = 512;
  std::int64_t output = 128;
  double rate = 0;                  ///< requests a second; 0: as many as can be served
  std::vector<Arrival> trace = {};  ///< in the order of arrival; instead of the above
};

/// Means over the requests.
struct MeanRequest {
  double prompt = 0;
  double output = 0;
  double longest = 0;  ///< prompt and output of the longest
  double rate = 0;     ///< 0: as many as can be served
};
MeanRequest mean_request(const Workload& workload);

/// Reads requests, one a line, from comma-separated columns, of which the first line names
/// arrived_at (seconds), num_prefill_tokens and num_decode_tokens in any order, others ignored: as
/// Vidur stores the traces that Azure publishes. `source` names the text in errors. Throws
/// FormatError, naming line and column.
std::vector<Arrival> parse_trace(std::string_view text, const std::string& source);
/// Throws IoError too.
std::vector<Arrival> read_trace(const std::filesystem::path& path);

/// `count` requests of `workload`: its trace from the beginning, again and again where it is
/// shorter, or equal requests at random times (a Poisson process), all at once where the rate is 0.
/// The same seed gives the same times.
std::vector<Arrival> arrivals(const Workload& workload, std::int64_t count, std::uint64_t seed);

/// Throws InvalidArgument for lengths below 1, and rates that are negative or not finite.
void check(const Workload& workload);

}  // namespace hadal::draf::plan
