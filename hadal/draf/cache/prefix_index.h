#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace hadal::draf {

/// Finds the sequence that begins with the most whole blocks of tokens of another. A chain of
/// hashes, each of a block and of the hash before, names a beginning; what is found is compared
/// token by token, so that equal hashes of other texts do no harm.
class PrefixIndex {
 public:
  using Id = std::int64_t;
  /// The hash of a block after those whose hash is `before`.
  using Hash = std::function<std::uint64_t(std::uint64_t before, std::span<const std::int64_t>)>;

  struct Found {
    Id id;
    std::int64_t tokens;  ///< a multiple of the block's size, above 0
  };

  PrefixIndex();
  /// With another hash, for tests.
  explicit PrefixIndex(Hash hash) : hash_(std::move(hash)) {}

  /// Notes the tokens of sequence `id`, which begin with those noted before.
  void extend(Id id, std::span<const std::int64_t> tokens);
  void remove(Id id);
  /// The longest beginning of `tokens` in whole blocks, of any sequence but `except`.
  std::optional<Found> find(std::span<const std::int64_t> tokens,
                            std::optional<Id> except = {}) const;

 private:
  struct Sequence {
    std::vector<std::int64_t> tokens;   // of whole blocks
    std::vector<std::uint64_t> hashes;  // of each block
  };

  std::vector<std::uint64_t> chain(std::span<const std::int64_t> tokens) const;

  Hash hash_;
  std::unordered_map<Id, Sequence> sequences_;
  std::unordered_map<std::uint64_t, std::vector<Id>> owners_;
};

}  // namespace hadal::draf
