#include "hadal/draf/cache/prefix_index.h"

#include "hadal/dao/block_lists.h"

#include <algorithm>

namespace hadal::draf {
namespace {

constexpr auto kBlock = static_cast<std::size_t>(dao::kBlockSize);

/// SplitMix64's mixing.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

std::uint64_t hash_of(std::uint64_t before, std::span<const std::int64_t> tokens) {
  std::uint64_t hash = before;
  for (const std::int64_t token : tokens) {
    hash = mixed(hash + 0x9E3779B97F4A7C15U + static_cast<std::uint64_t>(token));
  }
  return hash;
}

}  // namespace

PrefixIndex::PrefixIndex() : hash_(hash_of) {}

void PrefixIndex::extend(Id id, std::span<const std::int64_t> tokens) {
  if (tokens.size() < kBlock) return;
  Sequence& sequence = sequences_[id];
  while (sequence.tokens.size() + kBlock <= tokens.size()) {
    const auto block = tokens.subspan(sequence.tokens.size(), kBlock);
    const std::uint64_t hash = hash_(sequence.hashes.empty() ? 0 : sequence.hashes.back(), block);
    auto& owners = owners_[hash];
    // With a poor hash, two blocks of a sequence may have the same.
    if (std::ranges::find(owners, id) == owners.end()) owners.push_back(id);
    sequence.hashes.push_back(hash);
    sequence.tokens.insert(sequence.tokens.end(), block.begin(), block.end());
  }
}

void PrefixIndex::remove(Id id) {
  const auto found = sequences_.find(id);
  if (found == sequences_.end()) return;
  for (const std::uint64_t hash : found->second.hashes) {
    const auto owners = owners_.find(hash);
    if (owners == owners_.end()) continue;
    std::erase(owners->second, id);
    if (owners->second.empty()) owners_.erase(owners);
  }
  sequences_.erase(found);
}

std::vector<std::uint64_t> PrefixIndex::chain(std::span<const std::int64_t> tokens) const {
  std::vector<std::uint64_t> result;
  for (std::size_t i = 0; i + kBlock <= tokens.size(); i += kBlock) {
    const std::uint64_t hash = hash_(result.empty() ? 0 : result.back(), tokens.subspan(i, kBlock));
    if (!owners_.contains(hash)) break;
    result.push_back(hash);
  }
  return result;
}

std::optional<PrefixIndex::Found> PrefixIndex::find(std::span<const std::int64_t> tokens,
                                                    std::optional<Id> except) const {
  const auto hashes = chain(tokens);
  for (std::size_t blocks = hashes.size(); blocks > 0; --blocks) {
    const auto prefix = tokens.first(blocks * kBlock);
    for (const Id id : owners_.at(hashes[blocks - 1])) {
      const auto& held = sequences_.at(id).tokens;
      if (id == except || held.size() < prefix.size()) continue;
      if (!std::equal(prefix.begin(), prefix.end(), held.begin())) continue;
      return Found{id, static_cast<std::int64_t>(prefix.size())};
    }
  }
  return std::nullopt;
}

}  // namespace hadal::draf
