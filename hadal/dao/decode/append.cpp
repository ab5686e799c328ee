#include "hadal/dao/decode/append.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

namespace hadal::dao {
namespace {

using Sequence = PagedKvCache::Sequence;

std::string described(const at::Tensor& tensor) {
  if (!tensor.defined()) return "an undefined tensor";
  return concat(tensor.scalar_type(), " ", tensor.sizes(), " on ", tensor.device());
}

void check_tokens(const KvCacheOptions& options, std::int64_t sequences, const at::Tensor& key,
                  const at::Tensor& value) {
  const auto fits = [&](const at::Tensor& x) {
    return x.defined() && x.dim() == 4 && x.is_cpu() && x.scalar_type() == options.type &&
           x.size(0) == sequences && x.size(1) == options.kv_heads && x.size(3) == options.head_dim;
  };
  if (fits(key) && fits(value) && key.size(2) == value.size(2)) return;
  throw InvalidArgument(concat("kv cache: expected key and value ", options.type, " [", sequences,
                               ", ", options.kv_heads, ", tokens, ", options.head_dim,
                               "] on cpu, got key ", described(key), " and value ",
                               described(value)));
}

void check_distinct(std::span<const Sequence> sequences) {
  std::vector<Sequence> sorted(sequences.begin(), sequences.end());
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice == sorted.end()) return;
  throw InvalidArgument(concat("kv cache: expected each sequence once, got ", *twice, " twice"),
                        "append its tokens in one row, or in two calls");
}

/// Whether tokens are to be put into a page that others use too.
bool needs_copy(const CacheState& cache, const CachedSequence& sequence) {
  return sequence.length % kBlockSize != 0 && cache.pool.users(sequence.pages.back()) > 1;
}

/// Of one append: sequences, and tokens [sequences, kv_heads, count, head_dim] as pages hold them.
struct Append {
  std::vector<CachedSequence*> to;
  at::Tensor key, value;

  std::int64_t count() const { return key.size(2); }
};

/// A block that an append fills.
struct Filled {
  std::int64_t row;  // of the append
  std::int64_t block;
};

std::vector<Filled> filled_blocks(const Append& append) {
  std::vector<Filled> result;
  for (std::size_t i = 0; i < append.to.size(); ++i) {
    const std::int64_t length = append.to[i]->length;
    for (std::int64_t block = length / kBlockSize; block < (length + append.count()) / kBlockSize;
         ++block) {
      result.push_back({static_cast<std::int64_t>(i), block});
    }
  }
  return result;
}

/// The scorer's numbers of the blocks, fp32 [blocks, kv_heads, features].
at::Tensor features_of(const CacheState& cache, const Append& append,
                       const std::vector<Filled>& filled) {
  const auto& [pages, kv_heads, head_dim, type, scorer] = cache.options;
  const auto count = static_cast<std::int64_t>(filled.size());
  const at::Tensor keys = at::empty({count, kv_heads, kBlockSize, head_dim}, append.key.options());
  for (std::int64_t i = 0; i < count; ++i) {
    const auto [row, block] = filled[static_cast<std::size_t>(i)];
    const CachedSequence& sequence = *append.to[static_cast<std::size_t>(row)];
    const std::int64_t first = block * kBlockSize;
    const std::int64_t held = std::max<std::int64_t>(0, sequence.length - first);
    if (held > 0) keys[i].narrow(1, 0, held).copy_(cache.memory.keys(sequence.pages.back(), held));
    keys[i]
        .narrow(1, held, kBlockSize - held)
        .copy_(append.key[row].narrow(1, first + held - sequence.length, kBlockSize - held));
  }
  const at::Tensor features = scorer->key_features(keys);
  const std::int64_t size = cache.memory.feature_count();
  if (features.scalar_type() == at::kFloat && features.numel() == count * kv_heads * size) {
    return features.contiguous().view({count, kv_heads, size});
  }
  throw InvalidArgument(concat("kv cache: expected the scorer to give fp32 [", count * kv_heads,
                               ", 1, ", size, "], got ", described(features)));
}

void place_features(CacheState& cache, const Append& append, const std::vector<Filled>& filled,
                    const at::Tensor& features) {
  const std::int64_t size = features.size(2);
  const auto* from = features.const_data_ptr<float>();
  for (const auto& [row, block] : filled) {
    const auto& pages = append.to[static_cast<std::size_t>(row)]->pages;
    for (std::int64_t head = 0; head < features.size(1); ++head, from += size) {
      std::copy_n(from, size, cache.memory.features(head, pages[static_cast<std::size_t>(block)]));
    }
  }
}

/// Gives each sequence pages of its own for the tokens to come.
void take_pages(CacheState& cache, const Append& append) {
  for (CachedSequence* sequence : append.to) {
    if (needs_copy(cache, *sequence)) {
      const std::int32_t own = cache.pool.take();
      cache.memory.copy(sequence->pages.back(), own);
      cache.pool.release(sequence->pages.back());
      sequence->pages.back() = own;
    }
    const auto blocks = static_cast<std::size_t>(blocks_of(sequence->length + append.count()));
    while (sequence->pages.size() < blocks) {
      sequence->pages.push_back(cache.pool.take());
      cache.memory.clear(sequence->pages.back());
    }
  }
}

TokenRows rows_from(const at::Tensor& tokens, std::int64_t row, std::int64_t head,
                    std::int64_t first) {
  const std::int64_t offset =
      row * tokens.stride(0) + head * tokens.stride(1) + first * tokens.stride(2);
  return {static_cast<const char*>(tokens.const_data_ptr()) + offset * tokens.element_size(),
          tokens.stride(2), tokens.stride(3)};
}

void write_tokens(CacheState& cache, const Append& append) {
  const std::int64_t heads = append.key.size(1);
  const std::int64_t parts = blocks_of(append.count()) + 1;  // of blocks that a row may touch
  const auto rows = static_cast<std::int64_t>(append.to.size());
  const std::int64_t grain = append.count() < kBlockSize ? 64 : 1;
  at::parallel_for(0, rows * heads * parts, grain, [&](auto begin, auto end) {
    for (auto item = begin; item < end; ++item) {
      const std::int64_t row = item / parts / heads;
      const std::int64_t head = item / parts % heads;
      const CachedSequence& sequence = *append.to[static_cast<std::size_t>(row)];
      const std::int64_t block = sequence.length / kBlockSize + item % parts;
      const std::int64_t first = std::max(sequence.length, block * kBlockSize);
      const std::int64_t last =
          std::min(sequence.length + append.count(), (block + 1) * kBlockSize);
      if (first >= last) continue;
      cache.memory.write(head, sequence.pages[static_cast<std::size_t>(block)], first % kBlockSize,
                         last - first, rows_from(append.key, row, head, first - sequence.length),
                         rows_from(append.value, row, head, first - sequence.length));
    }
  });
}

}  // namespace

std::int64_t pages_to_append(const CacheState& cache, std::span<const Sequence> sequences,
                             std::int64_t tokens) {
  const std::int64_t most = cache.pool.pages() * kBlockSize;
  if (tokens < 0 || tokens > most) {
    throw InvalidArgument(
        concat("kv cache: expected 0 to ", most, " tokens for all its pages, got ", tokens));
  }
  check_distinct(sequences);
  std::int64_t result = 0;
  std::unordered_map<std::int32_t, std::int64_t> copies;
  for (const Sequence id : sequences) {
    const CachedSequence& sequence = cache.at(id);
    result += blocks_of(sequence.length + tokens) - blocks_of(sequence.length);
    if (tokens == 0 || !needs_copy(cache, sequence)) continue;
    // The last of a page's users keeps it.
    const std::int32_t page = sequence.pages.back();
    if (++copies[page] < cache.pool.users(page)) ++result;
  }
  return result;
}

void append(CacheState& cache, std::span<const Sequence> sequences, const at::Tensor& key,
            const at::Tensor& value) {
  check_tokens(cache.options, static_cast<std::int64_t>(sequences.size()), key, value);
  const std::int64_t needed = pages_to_append(cache, sequences, key.size(2));
  if (needed > cache.pool.free_pages()) {
    throw InvalidArgument(concat("kv cache: ", needed, " pages are needed, and ",
                                 cache.pool.free_pages(), " of ", cache.pool.pages(), " are free"),
                          "free sequences, or make the cache with more pages");
  }
  if (key.size(2) == 0) return;
  const auto type = cache.memory.type();
  Append work{.to = {}, .key = key.detach().to(type), .value = value.detach().to(type)};
  for (const Sequence id : sequences) work.to.push_back(&cache.sequences.at(id));
  const auto filled = cache.options.scorer ? filled_blocks(work) : std::vector<Filled>{};
  const at::Tensor features = filled.empty() ? at::Tensor() : features_of(cache, work, filled);
  for (CachedSequence* sequence : work.to) {
    sequence->pages.reserve(static_cast<std::size_t>(blocks_of(sequence->length + work.count())));
  }
  // Nothing below throws.
  take_pages(cache, work);
  write_tokens(cache, work);
  if (features.defined()) place_features(cache, work, filled, features);
  for (CachedSequence* sequence : work.to) sequence->length += work.count();
}

}  // namespace hadal::dao
