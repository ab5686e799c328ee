#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hadal::data {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <class Value>
using StringMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

/// What two neighbouring tokens become, and how early: the lowest rank is merged first.
struct Merge {
  std::uint32_t rank;
  std::uint32_t id;
};

/// The tables of a byte-pair-encoding model; every id is that of a token.
struct BpeTables {
  /// Token by id, and back.
  std::vector<std::string> tokens;
  StringMap<std::uint32_t> ids;
  /// By pair_key().
  std::unordered_map<std::uint64_t, Merge> merges;
  /// Stands for characters without a token, which are left out where it is empty.
  std::optional<std::string> unknown_token;
  /// One unknown token for a run of such characters.
  bool fuse_unknown = false;
  /// Spells such characters as bytes, `<0x0A>`, where the vocabulary has them.
  bool byte_fallback = false;
  /// Takes a piece that is a token whole, whatever the merges say.
  bool ignore_merges = false;
};

inline std::uint64_t pair_key(std::uint32_t left, std::uint32_t right) {
  return (std::uint64_t{left} << 32) | right;
}

/// Byte-pair encoding (Sennrich, Haddow and Birch, 2016): a piece starts as its characters, of
/// which neighbours are merged, by rank and then from left to right, until no merge is left.
class BpeModel {
 public:
  explicit BpeModel(BpeTables tables);

  const BpeTables& tables() const { return tables_; }

  /// Appends the ids of `piece`, valid UTF-8, to `ids`; takes O(n log n). Threads may call it at
  /// once. Throws InvalidArgument where the piece needs an unknown token that the vocabulary lacks.
  void encode(std::string_view piece, std::vector<std::int64_t>& ids) const;

 private:
  using Ids = std::vector<std::uint32_t>;

  Ids split(std::string_view piece) const;
  std::uint32_t unknown_id(std::string_view character) const;
  bool append_bytes(std::string_view character, Ids& ids) const;
  void merge(Ids& ids) const;

  BpeTables tables_;
  std::array<std::optional<std::uint32_t>, 256> byte_ids_;
  /// Ids of short pieces met before.
  mutable StringMap<Ids> cache_;
  mutable std::mutex cache_mutex_;
};

}  // namespace hadal::data
