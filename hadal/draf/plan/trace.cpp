#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/text.h"
#include "hadal/draf/plan/workload.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace hadal::draf::plan {
namespace {

constexpr std::array<std::string_view, 3> kColumns = {"arrived_at", "num_prefill_tokens",
                                                      "num_decode_tokens"};
constexpr std::size_t kMostBytes = std::size_t{1} << 30;
constexpr std::size_t kMostLine = 1 << 16;
constexpr double kMostSeconds = 1e12;
constexpr std::int64_t kMostTokens = 100'000'000;

class TraceReader {
 public:
  TraceReader(std::string_view text, const std::string& source) : rest_(text), source_(source) {}

  std::vector<Arrival> read() {
    if (!next_line()) fail("expected a line of column names, got an empty file");
    find_columns();
    std::vector<Arrival> requests;
    while (next_line()) {
      if (line_.empty()) continue;
      requests.push_back(request());
      if (requests.size() > 1 && requests.back().seconds < requests[requests.size() - 2].seconds) {
        fail("arrived_at: expected times that do not fall");
      }
    }
    if (requests.empty()) fail("expected a request at least");
    return requests;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw FormatError(concat(source_, ", line ", std::max(number_, 1), ": ", problem),
                      concat("columns with commas between them, the first line their names: ",
                             join({kColumns.begin(), kColumns.end()})));
  }

  bool next_line() {
    if (rest_.empty()) return false;
    ++number_;
    const auto end = std::min(rest_.find('\n'), rest_.size());
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line_.size() > kMostLine) fail(concat("expected at most ", kMostLine, " bytes a line"));
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    return true;
  }

  /// The cell at `column` of the line, or nothing where the line is shorter.
  std::optional<std::string_view> cell(std::size_t column) const {
    std::string_view rest = line_;
    for (; column > 0; --column) {
      const auto comma = rest.find(',');
      if (comma == rest.npos) return std::nullopt;
      rest.remove_prefix(comma + 1);
    }
    return rest.substr(0, rest.find(','));
  }

  void find_columns() {
    constexpr std::size_t kMostColumns = 1000;
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      std::optional<std::string_view> name;
      for (std::size_t at = 0; at < kMostColumns && (name = cell(at)); ++at) {
        if (*name == kColumns[i]) {
          columns_[i] = at;
          break;
        }
      }
      if (!name || *name != kColumns[i]) fail(concat("expected a column ", kColumns[i]));
    }
  }

  template <class Number>
  Number value(std::size_t which, Number least, Number most) const {
    const auto text = cell(columns_[which]);
    Number number{};
    const auto parse = [&] {
      const auto result = std::from_chars(text->data(), text->data() + text->size(), number);
      return result.ec == std::errc() && result.ptr == text->data() + text->size();
    };
    // Not so for NaN.
    if (text && parse() && number >= least && number <= most) return number;
    fail(concat(kColumns[which], ": expected a number from ", least, " to ", most, ", got ",
                text ? quote(*text) : "nothing"));
  }

  Arrival request() const {
    return {.seconds = value<double>(0, 0, kMostSeconds),
            .prompt = value<std::int64_t>(1, 1, kMostTokens),
            .output = value<std::int64_t>(2, 1, kMostTokens)};
  }

  std::string_view rest_;
  std::string_view line_;
  const std::string& source_;
  int number_ = 0;
  std::array<std::size_t, kColumns.size()> columns_ = {};
};

}  // namespace

std::vector<Arrival> parse_trace(std::string_view text, const std::string& source) {
  return TraceReader(text, source).read();
}

std::vector<Arrival> read_trace(const std::filesystem::path& path) {
  return parse_trace(read_file(path, kMostBytes), path.string());
}

}  // namespace hadal::draf::plan
