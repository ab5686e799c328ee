#include "hadal/draf/cache/sequence_cache.h"

#include "hadal/dao/block_lists.h"
#include "hadal/dao/decode/cache_state.h"

#include <new>
#include <utility>

namespace hadal::draf {

using dao::kBlockSize;

SequenceCache::SequenceCache(const std::vector<dao::KvCacheOptions>& layers) {
  layers_.reserve(layers.size());
  for (const auto& options : layers) layers_.emplace_back(options);
}

SequenceCache::Names SequenceCache::fork(const Names& from, std::int64_t tokens) {
  Names names;
  names.reserve(layers_.size());
  try {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      names.push_back(tokens == 0 ? layers_[i].add() : layers_[i].fork(from[i], tokens));
    }
  } catch (...) {
    free(names);
    throw;
  }
  return names;
}

void SequenceCache::free(const Names& names) {
  for (std::size_t i = 0; i < names.size(); ++i) layers_[i].free(names[i]);
}

SequenceCache::Begun SequenceCache::begin(std::span<const std::int64_t> tokens, bool shares) {
  // The last token is computed anyway, for its logits.
  const auto found = shares ? index_.find(tokens.first(tokens.size() - 1)) : std::nullopt;
  const Id id = next_++;
  if (!found) {
    running_.emplace(id, fork({}, 0));
    return {id, 0};
  }
  const auto running = running_.find(found->id);
  const Names& from = running != running_.end() ? running->second : ended_.at(found->id).names;
  Names names = fork(from, found->tokens);
  touch(found->id);
  running_.emplace(id, std::move(names));
  return {id, found->tokens};
}

void SequenceCache::touch(Id id) {
  const auto found = ended_.find(id);
  if (found == ended_.end()) return;
  by_use_.erase(found->second.used);
  found->second.used = clock_++;
  by_use_.emplace(found->second.used, id);
}

void SequenceCache::end(Id id, std::span<const std::int64_t> tokens) {
  const auto whole = static_cast<std::int64_t>(tokens.size()) / kBlockSize * kBlockSize;
  const auto covered = index_.find(tokens, id);
  if (whole == 0 || (covered && covered->tokens == whole)) {
    if (covered) touch(covered->id);
    drop(id);
    return;
  }
  try {
    index_.extend(id, tokens);
    ended_.emplace(id, Ended{{}, clock_});
    by_use_.emplace(clock_, id);
    ended_.at(id).names = fork(running_.at(id), whole);
    ++clock_;
  } catch (const std::bad_alloc&) {  // then nobody shares it
    by_use_.erase(clock_);
    ended_.erase(id);
    drop(id);
    return;
  }
  free(running_.at(id));
  running_.erase(id);
}

void SequenceCache::drop(Id id) {
  index_.remove(id);
  free(running_.at(id));
  running_.erase(id);
}

void SequenceCache::evict(Id id) {
  index_.remove(id);
  const auto found = ended_.find(id);
  free(found->second.names);
  by_use_.erase(found->second.used);
  ended_.erase(found);
}

std::int64_t SequenceCache::pages_needed(Id id, std::int64_t tokens) const {
  const auto name = running_.at(id).front();
  return layers_.front().pages_needed({&name, 1}, tokens);
}

bool SequenceCache::make_room(std::int64_t pages) {
  if (free_pages() >= pages) return true;
  if (available_pages() < pages) return false;
  while (free_pages() < pages && !by_use_.empty()) evict(by_use_.begin()->second);
  return free_pages() >= pages;
}

std::int64_t SequenceCache::available_pages() const {
  if (ended_.empty()) return free_pages();
  const dao::CacheState& state = layers_.front().state();
  std::vector<char> used(static_cast<std::size_t>(pages()));
  std::int64_t count = 0;
  for (const auto& [id, names] : running_) {
    for (const std::int32_t page : state.at(names.front()).pages) {
      count += used[static_cast<std::size_t>(page)] == 0 ? 1 : 0;
      used[static_cast<std::size_t>(page)] = 1;
    }
  }
  return pages() - count;
}

std::int64_t SequenceCache::bytes() const {
  std::int64_t result = 0;
  for (const auto& layer : layers_) result += layer.bytes();
  return result;
}

std::vector<dao::PagedKvCache::Sequence> SequenceCache::in_layer(std::int64_t index,
                                                                 std::span<const Id> ids) const {
  std::vector<dao::PagedKvCache::Sequence> result;
  result.reserve(ids.size());
  for (const Id id : ids) result.push_back(running_.at(id)[static_cast<std::size_t>(index)]);
  return result;
}

void SequenceCache::append(std::int64_t layer, std::span<const Id> ids, const at::Tensor& key,
                           const at::Tensor& value) {
  layers_[static_cast<std::size_t>(layer)].append(in_layer(layer, ids), key, value);
}

}  // namespace hadal::draf
