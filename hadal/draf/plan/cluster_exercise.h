#pragma once

#include "hadal/core/error.h"
#include "hadal/draf/plan/batch.h"
#include "hadal/draf/plan/cluster.h"
#include "hadal/testing/require.h"

#include <cmath>
#include <string_view>

namespace hadal::draf::plan {

/// Feeds hostile `text` to the reader of clusters, writes what it takes and reads that again, and
/// prices a batch. FormatError is an expected outcome, any other exception escapes.
inline void exercise_cluster(std::string_view text) {
  try {
    const Cluster cluster = parse_cluster(text, "input");
    const std::string written = cluster_toml(cluster);
    hadal::testing::require(cluster_toml(parse_cluster(written, "written")) == written);
    const double seconds = batch_time(named_shape("gpt-20b"), cluster, {}, 8, 2).seconds();
    hadal::testing::require(std::isfinite(seconds) && seconds > 0);
  } catch (const FormatError&) {
  }
}

}  // namespace hadal::draf::plan
