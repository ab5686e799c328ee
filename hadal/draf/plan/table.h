#pragma once

#include <string>
#include <vector>

namespace hadal::draf::plan {

/// A table of texts, the first row its heads, in columns that are as wide as they need to be. The
/// first `left` columns begin at their left, the others end at their right.
std::string table_text(const std::vector<std::vector<std::string>>& rows, std::size_t left);

/// `value` in fixed notation with `digits` after the point.
std::string fixed(double value, int digits);
/// "12.3 ms" or "1.23 s".
std::string seconds_text(double seconds);
/// "1.78 TB", "72.0 GB" or "4.7 MB".
std::string bytes_text(double bytes);

}  // namespace hadal::draf::plan
