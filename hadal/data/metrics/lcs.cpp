#include "hadal/data/metrics/lcs.h"

#include <algorithm>
#include <cmath>

namespace hadal::data {
namespace {

using Tokens = std::span<const std::int32_t>;
/// Entry j is the length for a prefix of `a` and the first j of `b`.
using Row = std::vector<std::uint32_t>;

/// Makes of the row of a prefix of `a` that of the prefix with one `token` more.
void advance(Row& row, std::int32_t token, Tokens b) {
  std::uint32_t diagonal = 0;
  for (std::size_t j = 0; j < b.size(); ++j) {
    const std::uint32_t above = row[j + 1];
    row[j + 1] = b[j] == token ? diagonal + 1 : std::max(above, row[j]);
    diagonal = above;
  }
}

/// Reads the places within `a` of `rows`, which are those from before `a` to after it, from the end
/// of the first `column` of `b` on. Appends them, raised by `first`, in falling order; leaves
/// `column` where the row before `a` is reached.
void read_back(const std::vector<Row>& rows, Tokens a, Tokens b, std::size_t first,
               std::size_t& column, std::vector<std::size_t>& places) {
  std::size_t i = a.size();
  while (i > 0 && column > 0) {
    if (a[i - 1] == b[column - 1]) {
      places.push_back(first + --i);
      --column;
    } else if (rows[i][column - 1] > rows[i - 1][column]) {
      --column;
    } else {
      --i;
    }
  }
}

}  // namespace

std::size_t lcs_length(Tokens a, Tokens b) {
  Row row(b.size() + 1);
  for (const std::int32_t token : a) advance(row, token, b);
  return row.back();
}

std::vector<std::size_t> lcs_positions(Tokens a, Tokens b) {
  const auto stride = static_cast<std::size_t>(std::ceil(std::sqrt(a.size())));
  // One row in `stride` is kept; those between are computed again on the way back.
  std::vector<Row> kept;
  Row row(b.size() + 1);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i % stride == 0) kept.push_back(row);
    advance(row, a[i], b);
  }
  std::vector<std::size_t> places;
  std::size_t column = b.size();
  while (!kept.empty()) {
    const std::size_t first = (kept.size() - 1) * stride;
    const Tokens part = a.subspan(first, std::min(stride, a.size() - first));
    std::vector<Row> rows{std::move(kept.back())};
    kept.pop_back();
    for (const std::int32_t token : part) {
      rows.push_back(rows.back());
      advance(rows.back(), token, b);
    }
    read_back(rows, part, b, first, column, places);
  }
  std::reverse(places.begin(), places.end());
  return places;
}

}  // namespace hadal::data
