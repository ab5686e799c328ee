#pragma once

#include "hadal/dao/decode/kv_cache.h"
#include "hadal/draf/cache/prefix_index.h"

#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

namespace hadal::draf {

/// The keys and values of many sequences in all layers of a model, where sequences that begin alike
/// share pages. One that has ended stays, for others to begin with, until its pages are needed; of
/// these, that which was of use least lately goes first. For one thread.
class SequenceCache {
 public:
  using Id = PrefixIndex::Id;

  struct Begun {
    Id id;
    std::int64_t cached;  ///< tokens whose keys and values are there
  };

  /// One cache a layer, all with as many pages. Throws InvalidArgument as PagedKvCache does.
  explicit SequenceCache(const std::vector<dao::KvCacheOptions>& layers);

  /// A sequence that has as many of the first tokens as another has, up to all but the last; none
  /// where it does not share.
  Begun begin(std::span<const std::int64_t> tokens, bool shares = true);
  /// Says what the tokens of a sequence are, those that are in its pages.
  void note(Id id, std::span<const std::int64_t> tokens) { index_.extend(id, tokens); }
  /// Ends a sequence with these tokens, which others may begin with.
  void end(Id id, std::span<const std::int64_t> tokens);
  /// Ends a sequence that is of no use to others.
  void drop(Id id);

  std::int64_t pages_needed(Id id, std::int64_t tokens) const;  ///< as PagedKvCache's
  /// Ends the remains of sequences until so many pages are free; whether they are.
  bool make_room(std::int64_t pages);

  std::int64_t pages() const { return layers_.front().options().pages; }
  std::int64_t free_pages() const { return layers_.front().free_pages(); }
  /// Pages that no sequence uses which has not ended.
  std::int64_t available_pages() const;
  std::int64_t bytes() const;

  /// Appends to some sequences in one layer; as PagedKvCache::append().
  void append(std::int64_t layer, std::span<const Id> ids, const at::Tensor& key,
              const at::Tensor& value);
  const dao::PagedKvCache& layer(std::int64_t index) const {
    return layers_[static_cast<std::size_t>(index)];
  }
  /// The sequences' names in layer(index).
  std::vector<dao::PagedKvCache::Sequence> in_layer(std::int64_t index,
                                                    std::span<const Id> ids) const;

 private:
  // Layers name a sequence each by itself: where memory runs out between two, names differ after.
  using Names = std::vector<dao::PagedKvCache::Sequence>;
  struct Ended {
    Names names;
    std::uint64_t used;  // when; the key in by_use_
  };

  Names fork(const Names& from, std::int64_t tokens);
  void free(const Names& names);
  void touch(Id id);
  void evict(Id id);

  std::vector<dao::PagedKvCache> layers_;
  std::unordered_map<Id, Names> running_;
  std::unordered_map<Id, Ended> ended_;
  std::map<std::uint64_t, Id> by_use_;
  PrefixIndex index_;
  Id next_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace hadal::draf
