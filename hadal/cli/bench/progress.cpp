#include "hadal/cli/bench/progress.h"

#include "hadal/bench/report/format.h"
#include "hadal/core/columns.h"
#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

namespace hadal::cli {
namespace {

constexpr std::size_t kBarCells = 16;
constexpr const char* kEraseLine = "\r\x1b[K";

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

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

BenchProgress::BenchProgress(std::size_t cases, bool terminal)
    : cases_(cases), terminal_(terminal) {}

BenchProgress::~BenchProgress() {
  if (terminal_) std::fputs(kEraseLine, stderr);
}

void BenchProgress::draw(const std::string& text) {
  // One column is left free, where some terminals would wrap.
  const std::string shown = printable(text);
  const std::size_t columns = terminal_columns() - 1;
  const bool fits = columns_of(shown) <= columns;
  std::fputs((kEraseLine + (fits ? shown : fit(shown, columns))).c_str(), stderr);
}

void BenchProgress::line(const std::string& text) {
  std::fputs(((terminal_ ? kEraseLine : "") + printable(text) + '\n').c_str(), stderr);
}

void BenchProgress::stage(int index, std::string_view id, std::string_view stage, int done,
                          int total) {
  if (!terminal_) {
    if (current_ == id) return;
    current_ = id;
    if (index >= 0) line(concat("[", index + 1, "/", cases_, "] ", id));
    return;
  }
  // A case counts as half done when its timing begins: what comes before is as long.
  const double within = total > 0 ? 0.5 + 0.5 * done / std::max(done + 1, total) : 0.0;
  const double fraction =
      (std::max(index, 0) + (index < 0 ? 0 : within)) / static_cast<double>(cases_);
  const std::string rounds = total > 0 ? concat(" ", done, "/", total) : "";
  draw(concat(bar(fraction), " ", std::max(index, 0), "/", cases_, "  ", id, ": ", stage, rounds));
}

void BenchProgress::finished(const bench::Report& report) {
  if (!told_noise_ && report.cases.empty()) {
    told_noise_ = true;
    line(concat("noise floor of this machine: ", bench::format_percent(report.noise_floor)));
  }
  for (; told_ < report.cases.size(); ++told_) line(told(report.cases[told_]));
}

}  // namespace hadal::cli
