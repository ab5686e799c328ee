#include "hadal/draf/plan/table.h"

#include "hadal/core/columns.h"
#include "hadal/core/error.h"

#include <algorithm>
#include <iomanip>
#include <locale>
#include <sstream>

namespace hadal::draf::plan {

std::string table_text(const std::vector<std::vector<std::string>>& rows, std::size_t left) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - columns_of(row[i]), ' ');
      line += concat(i == 0 ? "" : "  ", i < left ? row[i] + space : space + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string fixed(double value, int digits) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

std::string seconds_text(double seconds) {
  if (seconds < 1) return fixed(1e3 * seconds, seconds < 0.1 ? 1 : 0) + " ms";
  return fixed(seconds, seconds < 10 ? 2 : 1) + " s";
}

std::string bytes_text(double bytes) {
  if (bytes >= 1e12) return fixed(bytes / 1e12, 2) + " TB";
  if (bytes >= 1e9) return fixed(bytes / 1e9, 1) + " GB";
  return fixed(bytes / 1e6, 1) + " MB";
}

}  // namespace hadal::draf::plan
