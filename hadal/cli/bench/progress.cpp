#include "hadal/cli/bench/progress.h"

#include "hadal/bench/report/format.h"
#include "hadal/core/error.h"

#include <algorithm>

namespace hadal::cli {
namespace {

constexpr std::size_t kBarCells = 16;
std::string bar(double fraction) {
  const auto full = static_cast<std::size_t>(std::clamp(fraction, 0.0, 1.0) * kBarCells);
  return concat('[', std::string(full, '#'), std::string(kBarCells - full, '.'), ']');
}

std::string told(const bench::CaseResult& result) {
  const std::string verdict(bench::name_of(result.verdict));
  const bool judged = bench::is_judged(result.verdict) && result.speed;
  return concat(result.id, ": ", verdict,
                judged ? ", " + bench::format_ratio(result.speed->speedup) : "", " in ",
                bench::format_seconds(result.seconds));
}

}  // namespace

BenchProgress::BenchProgress(std::size_t cases, std::size_t earlier, bool terminal)
    : cases_(cases), told_(earlier), line_(terminal) {}

void BenchProgress::stage(int index, std::string_view id, std::string_view stage, int done,
                          int total) {
  if (!line_.is_terminal()) {
    if (current_ == id) return;
    current_ = id;
    if (index >= 0) line_.print(concat("[", index + 1, "/", cases_, "] ", id));
    return;
  }
  // A case counts as half done when its timing begins: what comes before is as long.
  const double within = total > 0 ? 0.5 + 0.5 * done / std::max(done + 1, total) : 0.0;
  const double fraction =
      (std::max(index, 0) + (index < 0 ? 0 : within)) / static_cast<double>(cases_);
  const std::string rounds = total > 0 ? concat(" ", done, "/", total) : "";
  line_.draw(
      concat(bar(fraction), " ", std::max(index, 0), "/", cases_, "  ", id, ": ", stage, rounds));
}

void BenchProgress::finished(const bench::Report& report) {
  if (!told_noise_ && report.cases.size() == told_) {
    told_noise_ = true;
    line_.print(concat("noise floor of this machine: ", bench::format_percent(report.noise_floor)));
  }
  for (; told_ < report.cases.size(); ++told_) line_.print(told(report.cases[told_]));
}

}  // namespace hadal::cli
