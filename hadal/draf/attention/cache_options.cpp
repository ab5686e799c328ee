#include "hadal/core/error.h"
#include "hadal/dao/block_lists.h"
#include "hadal/dao/gate/gate_file.h"
#include "hadal/draf/attention/paged_attention.h"

#include <algorithm>

namespace hadal::draf {
namespace {

/// Bytes of a page of one layer, as PageMemory lays it out: heads are padded to a multiple of 32.
std::int64_t page_bytes(const dao::KvCacheOptions& options) {
  const std::int64_t padded = (options.head_dim + 31) / 32 * 32;
  const std::int64_t element = options.type == at::kBFloat16 ? 2 : 4;
  const std::int64_t features = options.scorer ? options.scorer->features(options.head_dim) : 0;
  return options.kv_heads * (2 * dao::kBlockSize * padded * element + 4 * features);
}

}  // namespace

std::int64_t page_bytes(const std::vector<dao::KvCacheOptions>& layers) {
  std::int64_t bytes = 0;
  for (const auto& layer : layers) bytes += page_bytes(layer);
  return bytes;
}

std::vector<dao::KvCacheOptions> cache_options(const ModelShape& shape,
                                               const EngineOptions& options) {
  const SparsityOptions& sparsity = options.sparsity;
  dao::Gates gates;
  if (sparsity.mode != dao::Mode::dense && sparsity.gates) gates = dao::load_gates(*sparsity.gates);
  std::vector<dao::KvCacheOptions> layers;
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    std::shared_ptr<const dao::BlockScorer> scorer;
    if (const auto gate = gates.find(shape.first_layer + i); gate != gates.end()) {
      scorer = std::make_shared<dao::GateScorer>(*gate->second);
    } else if (sparsity.mode != dao::Mode::dense) {
      scorer = std::make_shared<dao::BoundsScorer>();
    }
    layers.push_back({.pages = 0,
                      .kv_heads = shape.kv_heads,
                      .head_dim = shape.head_dim,
                      .type = shape.type,
                      .scorer = scorer});
  }
  const std::int64_t bytes = page_bytes(layers);
  const std::int64_t pages = std::min(options.cache_bytes / bytes,
                                      (options.max_running + 1) * dao::blocks_of(shape.context));
  if (pages < 1) {
    throw InvalidArgument(concat("cache_bytes: expected at least ", bytes,
                                 ", for a page in each layer, got ", options.cache_bytes));
  }
  for (auto& layer : layers) layer.pages = pages;
  return layers;
}

}  // namespace hadal::draf
