#include "hadal/bench/report/text.h"

#include "hadal/bench/report/format.h"
#include "hadal/core/columns.h"
#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <algorithm>

namespace hadal::bench {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kShortestId = 16;
constexpr std::string_view kGap = "  ";

struct Row {
  std::string id, verdict, speedup, quality, memory;
};

std::string quality_of(const CaseResult& result) {
  if (!result.quality) return "-";
  const QualityResult& quality = *result.quality;
  return concat(format_value(quality.candidate), quality.passed ? " ok" : " missed");
}

Row row_of(const CaseResult& result) {
  const bool judged = is_judged(result.verdict);
  return {.id = printable(result.id),
          .verdict = std::string(name_of(result.verdict)),
          .speedup = judged && result.speed ? format_ratio(result.speed->speedup) : "-",
          .quality = quality_of(result),
          .memory = result.cost ? concat(format_bytes(result.cost->baseline_peak_bytes), " -> ",
                                         format_bytes(result.cost->candidate_peak_bytes))
                                : "-"};
}

std::size_t width(const std::vector<Row>& rows, std::string Row::* column) {
  std::size_t widest = 0;
  for (const Row& row : rows) widest = std::max(widest, columns_of(row.*column));
  return widest;
}

std::string table(const std::vector<Row>& rows) {
  const std::size_t verdict = width(rows, &Row::verdict);
  const std::size_t speedup = width(rows, &Row::speedup);
  const std::size_t quality = width(rows, &Row::quality);
  const std::size_t taken =
      verdict + speedup + quality + width(rows, &Row::memory) + 4 * kGap.size();
  const std::size_t room = kColumns > taken + kShortestId ? kColumns - taken : kShortestId;
  const std::size_t id = std::min(width(rows, &Row::id), room);
  std::string text;
  for (const Row& row : rows) {
    const std::string line =
        concat(fit(row.id, id), kGap, fit(row.verdict, verdict), kGap, fit(row.speedup, speedup),
               kGap, fit(row.quality, quality), kGap, row.memory);
    text += fit(line, std::min(columns_of(line), kColumns)) + '\n';
  }
  return text;
}

std::string counts(const Report& report) {
  std::string text;
  for (const Verdict verdict : kVerdicts) {
    const auto count =
        std::count_if(report.cases.begin(), report.cases.end(),
                      [&](const CaseResult& result) { return result.verdict == verdict; });
    text += concat(text.empty() ? "" : ", ", count, " ", name_of(verdict));
  }
  return concat(report.cases.size(), report.cases.size() == 1 ? " case: " : " cases: ", text, "\n");
}

}  // namespace

std::string summary_table(const Report& report) {
  std::vector<Row> rows{{.id = "case",
                         .verdict = "verdict",
                         .speedup = "speedup [95 %]",
                         .quality = "quality",
                         .memory = "peak memory"}};
  std::transform(report.cases.begin(), report.cases.end(), std::back_inserter(rows), row_of);
  std::string text = table(rows);
  for (const CaseResult& result : report.cases) {
    if (is_judged(result.verdict) && result.verdict != Verdict::worse) continue;
    const std::string title = concat(printable(result.id), " ", name_of(result.verdict), ":");
    text += '\n' + wrap(title, 0, kColumns) + wrap(printable(result.message), 2, kColumns);
  }
  text += '\n' + counts(report);
  if (!report.complete) {
    text += "Partial: the run was interrupted, or is still going; later cases are absent.\n";
  }
  return text + wrap(concat("Noise floor ", format_percent(report.noise_floor),
                            ": two timings of the same code differed by as much on this machine."),
                     0, kColumns);
}

}  // namespace hadal::bench
