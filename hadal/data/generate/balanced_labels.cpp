#include "hadal/data/generate/balanced_labels.h"

#include "hadal/core/random.h"

namespace hadal::data {

std::vector<std::int64_t> balanced_labels(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> labels(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int64_t>(i % 10);
  Random(seed, "labels").shuffle(labels);
  return labels;
}

}  // namespace hadal::data
