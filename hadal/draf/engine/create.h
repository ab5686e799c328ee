#pragma once

#include "hadal/dao/guard/sparse_attention.h"
#include "hadal/data/tokenizer/tokenizer.h"
#include "hadal/draf/engine/engine.h"
#include "hadal/draf/model/model.h"
#include "hadal/draf/parallel/rank_grid.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace hadal::draf {

/// Where an engine's attention looks at a part of the keys only: DAO. It chooses pages for each
/// block of queries, of prompts and of tokens as they are generated.
struct SparsityOptions {
  /// `canary` is for a share of the requests; the modes are otherwise as SparseAttention's.
  dao::Mode mode = dao::Mode::dense;
  double keep = 0.3;                ///< share of the pairs of a query and a key, in (0, 1]
  std::int64_t dense_below = 2048;  ///< keys; shorter sequences are dense
  double canary_share = 0.05;       ///< of the requests, in (0, 1]
  /// A layer is dense for the guard's cooldown, in steps, after too much of its attention was
  /// missing. Where sparse attention alone is computed, this is looked at each kGuardPeriod steps.
  dao::Guard guard = {};
  /// Gates as save_gates() writes them. Layers without one choose by Quest's bounds.
  std::optional<std::filesystem::path> gates = {};

  static constexpr std::int64_t kGuardPeriod = 64;
};

struct EngineOptions {
  std::int64_t cache_bytes = std::int64_t{1} << 30;  ///< for keys and values, at most
  std::int64_t max_running = 64;    ///< requests that are computed at a time; at least 1
  std::int64_t max_waiting = 1024;  ///< requests beyond these; at least 1
  std::int64_t step_tokens = 512;   ///< of one pass over the model; at least max_running
  SparsityOptions sparsity = {};
};

struct EngineParts {
  std::shared_ptr<const Model> model;
  std::shared_ptr<const data::Tokenizer> tokenizer = {};  ///< without it, outputs have no text
  std::vector<std::int64_t> end_ids = {};                 ///< tokens that end a text
  RankGrid ranks = {};                                    ///< who hold the model together
};

/// An engine with one thread. Its end cancels all requests. Requests do not mix: each gets the
/// output that it would get alone, as far as the model's own numbers do not depend on how many
/// tokens are in a pass (draws depend on the seed and on how many tokens came before, and attention
/// on the request's own tokens; matrix products of another size may round otherwise, and sparse
/// attention chooses for the queries of a block that are in one pass). Throws
/// InvalidArgument, naming the option, for values out of range, a missing model, end ids outside of
/// the vocabulary and too little memory for a page a layer, and what load_gates() throws.
std::unique_ptr<Engine> start_engine(EngineParts parts, const EngineOptions& options = {});

}  // namespace hadal::draf
