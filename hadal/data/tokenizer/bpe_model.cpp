#include "hadal/data/tokenizer/bpe_model.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/core/utf8.h"
#include "hadal/data/tokenizer/json_node.h"

#include <cstdio>
#include <limits>
#include <queue>
#include <tuple>
#include <utility>

namespace hadal::data {
namespace {

constexpr std::size_t kMaxCachedPieces = 16'384;
constexpr std::size_t kMaxCachedBytes = 256;

/// A doubly linked list of the symbols of a piece, and a heap of the merges that might apply.
class Merging {
 public:
  Merging(const std::vector<std::uint32_t>& ids,
          const std::unordered_map<std::uint64_t, Merge>& merges)
      : merges_(merges) {
    symbols_.reserve(ids.size());
    for (std::uint32_t i = 0; i < ids.size(); ++i) symbols_.push_back({ids[i], i - 1, i + 1, true});
    for (std::uint32_t i = 0; i + 1 < ids.size(); ++i) offer(i);
  }

  void run() {
    while (!queue_.empty()) {
      const Candidate candidate = queue_.top();
      queue_.pop();
      apply(candidate);
    }
  }

  void collect(std::vector<std::uint32_t>& ids) const {
    ids.clear();
    for (const Symbol& symbol : symbols_) {
      if (symbol.alive) ids.push_back(symbol.id);
    }
  }

 private:
  /// Neighbours by index; one past the end, or before the start (wrapped), where there is none.
  struct Symbol {
    std::uint32_t id;
    std::uint32_t previous;
    std::uint32_t next;
    bool alive;
  };
  struct Candidate {
    std::uint32_t rank;
    std::uint32_t left;
    std::uint32_t id;
    /// The top of the heap has the lowest rank and is the leftmost.
    bool operator<(const Candidate& other) const {
      return std::tie(rank, left) > std::tie(other.rank, other.left);
    }
  };

  bool exists(std::uint32_t index) const { return index < symbols_.size(); }

  /// Queues the merge of the symbol `left` with its next, if there is one.
  void offer(std::uint32_t left) {
    const auto merge = merges_.find(pair_key(symbols_[left].id, symbols_[symbols_[left].next].id));
    if (merge != merges_.end()) queue_.push({merge->second.rank, left, merge->second.id});
  }

  void apply(const Candidate& candidate) {
    Symbol& left = symbols_[candidate.left];
    if (!left.alive || !exists(left.next)) return;
    Symbol& right = symbols_[left.next];
    // The pair may have changed since it was queued.
    const auto merge = merges_.find(pair_key(left.id, right.id));
    if (merge == merges_.end() || merge->second.id != candidate.id) return;
    left.id = candidate.id;
    left.next = right.next;
    right.alive = false;
    if (exists(left.next)) symbols_[left.next].previous = candidate.left;
    if (exists(left.previous)) offer(left.previous);
    if (exists(left.next)) offer(candidate.left);
  }

  const std::unordered_map<std::uint64_t, Merge>& merges_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate> queue_;
};

}  // namespace

BpeModel::BpeModel(BpeTables tables) : tables_(std::move(tables)) {
  if (!tables_.byte_fallback) return;
  for (unsigned byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    const auto found = tables_.ids.find(std::string_view(name));
    if (found != tables_.ids.end()) byte_ids_[byte] = found->second;
  }
}

void BpeModel::encode(std::string_view piece, std::vector<std::int64_t>& ids) const {
  if (tables_.ignore_merges) {
    if (const auto whole = tables_.ids.find(piece); whole != tables_.ids.end()) {
      ids.push_back(whole->second);
      return;
    }
  }
  const bool cacheable = piece.size() <= kMaxCachedBytes;
  if (cacheable) {
    const std::lock_guard lock(cache_mutex_);
    if (const auto known = cache_.find(piece); known != cache_.end()) {
      ids.insert(ids.end(), known->second.begin(), known->second.end());
      return;
    }
  }
  Ids symbols = split(piece);
  merge(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
  if (cacheable) {
    const std::lock_guard lock(cache_mutex_);
    if (cache_.size() >= kMaxCachedPieces) cache_.clear();
    cache_.emplace(piece, std::move(symbols));
  }
}

/// The ids of the characters. An unknown token is held back until the next known character, so that
/// a run can be fused; the bytes of a fallback overtake it, as in the reference implementation.
BpeModel::Ids BpeModel::split(std::string_view piece) const {
  Ids ids;
  ids.reserve(piece.size());
  std::optional<std::uint32_t> unknown;
  const auto flush = [&] {
    if (unknown) ids.push_back(*std::exchange(unknown, std::nullopt));
  };
  while (!piece.empty()) {
    const std::string_view character = piece.substr(0, utf8_length(piece[0]));
    piece.remove_prefix(character.size());
    if (const auto known = tables_.ids.find(character); known != tables_.ids.end()) {
      flush();
      ids.push_back(known->second);
    } else if (!append_bytes(character, ids) && tables_.unknown_token) {
      if (!tables_.fuse_unknown) flush();
      unknown = unknown_id(character);
    }
  }
  flush();
  return ids;
}

std::uint32_t BpeModel::unknown_id(std::string_view character) const {
  const auto id = tables_.ids.find(*tables_.unknown_token);
  if (id == tables_.ids.end()) {
    throw InvalidArgument(concat("the character ", quote(character),
                                 " has no token, and the vocabulary lacks the unknown token ",
                                 quote(*tables_.unknown_token)));
  }
  return id->second;
}

/// Appends nothing and returns false where the vocabulary lacks one of the bytes.
bool BpeModel::append_bytes(std::string_view character, Ids& ids) const {
  if (!tables_.byte_fallback) return false;
  const std::size_t before = ids.size();
  for (const char byte : character) {
    const auto id = byte_ids_[static_cast<unsigned char>(byte)];
    if (!id) {
      ids.resize(before);
      return false;
    }
    ids.push_back(*id);
  }
  return true;
}

void BpeModel::merge(Ids& ids) const {
  if (ids.size() >= std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument(concat("a piece of ", ids.size(), " characters is too long to encode"));
  }
  Merging merging(ids, tables_.merges);
  merging.run();
  merging.collect(ids);
}

}  // namespace hadal::data
