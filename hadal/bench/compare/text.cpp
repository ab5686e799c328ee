#include "hadal/core/text.h"

#include "hadal/bench/compare/compare.h"
#include "hadal/bench/report/format.h"
#include "hadal/core/columns.h"
#include "hadal/core/error.h"

#include <algorithm>

namespace hadal::bench {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kIdColumns = 33;

std::string speedup(const std::optional<Estimate>& ratio) {
  return ratio ? format_ratio(ratio->median) + "x" : "-";
}

std::string line(std::string_view id, std::string_view verdict, std::string_view before,
                 std::string_view after, std::string_view change, std::string_view tolerance) {
  return concat(fit(id, kIdColumns), ' ', fit(verdict, 13), ' ', fit(before, 8), ' ', fit(after, 8),
                ' ', fit(change, 22), ' ', tolerance, '\n');
}

std::string lines_of(const CaseComparison& result) {
  std::string text =
      line(printable(result.id), name_of(result.verdict), speedup(result.speedup_before),
           speedup(result.speedup_after), result.change ? format_ratio(*result.change) : "-",
           result.change ? format_percent(result.tolerance) : "-");
  for (const std::string& reason : result.reasons) text += wrap(printable(reason), 4, kColumns);
  return text;
}

std::string list(std::string_view title, const std::vector<std::string>& items) {
  if (items.empty()) return "";
  std::string text = concat('\n', title, '\n');
  for (const std::string& item : items) text += wrap(printable(item), 2, kColumns);
  return text;
}

std::string counts(const Comparison& comparison) {
  std::string text;
  for (const Verdict verdict : kVerdicts) {
    if (!is_judged(verdict)) continue;
    const auto count =
        std::count_if(comparison.cases.begin(), comparison.cases.end(),
                      [&](const CaseComparison& result) { return result.verdict == verdict; });
    text += concat(text.empty() ? "\n" : ", ", count, " ", name_of(verdict));
  }
  return text + "\n";
}

}  // namespace

std::string to_text(const Comparison& comparison) {
  std::string text = wrap("A  " + printable(comparison.baseline_run), 0, kColumns) +
                     wrap("B  " + printable(comparison.candidate_run), 0, kColumns) + '\n';
  text += line("case", "verdict", "A", "B", "B / A [95 %]", "tolerance");
  for (const CaseComparison& result : comparison.cases) text += lines_of(result);
  text += list("Not compared:", comparison.not_compared);
  text += list("Warnings:", comparison.warnings);
  return text + counts(comparison) +
         "A and B are speedups over the baseline that each run measured; B / A above 1 is "
         "faster.\n";
}

}  // namespace hadal::bench
