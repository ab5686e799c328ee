#include "hadal/hpts/metrics/csv_log.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"

#include <charconv>
#include <iomanip>
#include <limits>
#include <string_view>

namespace hadal::hpts {
namespace {

constexpr std::string_view kFirstNames = "step,wall_time";

std::string header_of(const StepMetrics& metrics) {
  std::string header(kFirstNames);
  for (const auto& [name, value] : metrics.values) {
    if (name.find_first_of(",\"\r\n") != name.npos) {
      throw InvalidArgument(concat("CsvLog: the name \"", name, "\" would need quotes"),
                            "use a name without commas, quotes and line breaks");
    }
    header += "," + name;
  }
  return header;
}

std::string line_of(const StepMetrics& metrics) {
  std::ostringstream line;
  line.imbue(std::locale::classic());
  line << metrics.step << ',' << std::fixed << std::setprecision(3) << metrics.wall_time
       << std::defaultfloat << std::setprecision(std::numeric_limits<double>::max_digits10);
  for (const auto& [name, value] : metrics.values) line << ',' << value;
  return line.str();
}

std::int64_t step_of(std::string_view line, const std::filesystem::path& path) {
  std::int64_t step = 0;
  const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), step);
  if (error != std::errc() || stop == line.data() + line.size() || *stop != ',') {
    throw FormatError(concat(path.string(), ": a line does not begin with a step"),
                      "name another file, or remove this one");
  }
  return step;
}

/// The lines of an old table up to `last_step`. A line without its end was cut off as it was
/// written.
std::string kept_lines(const std::filesystem::path& path, std::int64_t last_step) {
  const std::string old = read_file(path);
  std::string kept;
  for (std::size_t begin = 0, end; (end = old.find('\n', begin)) != old.npos; begin = end + 1) {
    const std::string_view line(old.data() + begin, end - begin);
    if (begin == 0 ? !line.starts_with(kFirstNames) : step_of(line, path) > last_step) {
      if (begin > 0) break;
      throw FormatError(concat(path.string(), ": no table of a training run"),
                        "name another file, or remove this one");
    }
    kept.append(line).append("\n");
  }
  return kept;
}

}  // namespace

CsvLog::CsvLog(std::filesystem::path path, std::optional<std::int64_t> resume_after)
    : path_(std::move(path)) {
  std::string kept;
  if (resume_after && std::filesystem::exists(path_)) kept = kept_lines(path_, *resume_after);
  header_ = kept.substr(0, kept.find('\n'));
  write_file(path_, kept);
  file_.open(path_, std::ios::binary | std::ios::app);
}

void CsvLog::write(const StepMetrics& metrics) {
  const std::string header = header_of(metrics);
  if (header_.empty()) {
    file_ << header << '\n';
    header_ = header;
  }
  if (header != header_) {
    throw InvalidArgument(
        concat("CsvLog: expected the columns ", header_, ", got ", header),
        concat("give each step the same values, or let ", path_.string(), " begin anew"));
  }
  file_ << line_of(metrics) << '\n' << std::flush;
  if (!file_) {
    throw IoError(concat("cannot write ", path_.string()), "check its permissions and the disk");
  }
}

}  // namespace hadal::hpts
