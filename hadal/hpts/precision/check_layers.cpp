#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/hpts/precision/plan_file.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace hadal::hpts {
namespace {

/// The characters to insert, delete or replace to make one of the other (Levenshtein, 1966).
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

/// The three layers whose names come nearest to `name`, of which only the beginning counts, because
/// it comes from a file and may be endless.
std::string nearest(std::string_view name, std::span<const Layer> layers) {
  constexpr std::size_t kLongest = 200;
  constexpr std::size_t kListed = 3;
  name = name.substr(0, kLongest);
  std::vector<std::pair<std::size_t, std::string_view>> found;
  for (const Layer& layer : layers) found.emplace_back(edits(name, layer.name), layer.name);
  const std::size_t listed = std::min(kListed, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(listed),
                    found.end());
  std::string text;
  for (std::size_t i = 0; i < listed; ++i) {
    text += concat(i == 0 ? "" : ", ", quote(found[i].second));
  }
  return text;
}

}  // namespace

void check_layers(const PrecisionPlan& plan, std::span<const Layer> layers,
                  const std::string& place) {
  constexpr std::size_t kNamed = 5;
  std::size_t unknown = 0;
  std::string text;
  for (const auto& [name, layer_plan] : plan.layers) {
    const bool is_known =
        std::any_of(layers.begin(), layers.end(),
                    [&name = name](const auto& layer) { return layer.name == name; });
    if (is_known || ++unknown > kNamed) continue;
    text += concat(unknown == 1 ? "" : "; ", quote(name));
    if (!layers.empty()) text += concat(" (nearest: ", nearest(name, layers), ")");
  }
  if (unknown == 0) return;
  if (unknown > kNamed) text += concat("; and ", unknown - kNamed, " more");
  throw InvalidArgument(concat(place, ": the model has no layer ", text),
                        "layers are the modules that own parameters, by their dotted names");
}

}  // namespace hadal::hpts
