#include "hadal/data/tokenizer/bpe_reader.h"

#include "hadal/core/text.h"

#include <utility>

namespace hadal::data {
namespace {

void read_vocabulary(const JsonNode& node, BpeTables& tables) {
  const auto entries = node.members();
  const std::size_t size = entries.size();
  tables.tokens.resize(size);
  tables.ids.reserve(size);
  std::vector<bool> taken(size);
  for (const auto& [token, value] : entries) {
    const std::size_t id = value.integer();
    if (id >= size) {
      node.fail("the id " + std::to_string(id) + " of " + quote(token) + " is not below " +
                std::to_string(size) + ", the number of tokens");
    }
    if (taken[id]) {
      node.fail("the id " + std::to_string(id) + " belongs to both " + quote(tables.tokens[id]) +
                " and " + quote(token));
    }
    taken[id] = true;
    tables.tokens[id] = token;
    tables.ids.emplace(token, static_cast<std::uint32_t>(id));
  }
}

/// A merge as `["a", "b"]`, or as `"a b"` as older files have it.
std::pair<std::string_view, std::string_view> read_pair(const JsonNode& node) {
  if (node.value().is_array()) {
    const auto parts = node.elements();
    if (parts.size() != 2) node.fail("expected two tokens");
    return {parts[0].string(), parts[1].string()};
  }
  const std::string_view text = node.string();
  const std::size_t space = text.find(' ');
  if (space == text.npos || text.find(' ', space + 1) != text.npos) {
    node.fail("expected two tokens and a space, found " + quote(text));
  }
  return {text.substr(0, space), text.substr(space + 1)};
}

void read_merges(const JsonNode& node, BpeTables& tables) {
  const auto id_of = [&](const JsonNode& merge, std::string_view token) {
    const auto found = tables.ids.find(token);
    if (found == tables.ids.end()) merge.fail("the vocabulary has no token " + quote(token));
    return found->second;
  };
  std::uint32_t rank = 0;
  for (const JsonNode& merge : node.elements()) {
    // The first line of a merges.txt, which old converters took along.
    if (merge.value().is_string() && merge.string().starts_with("#version")) continue;
    const auto [left, right] = read_pair(merge);
    const std::uint64_t key = pair_key(id_of(merge, left), id_of(merge, right));
    const std::uint32_t id = id_of(merge, std::string(left).append(right));
    // The last of equal pairs counts, as in the reference implementation.
    tables.merges[key] = {rank++, id};
  }
}

void refuse_unless_empty(const JsonNode& node) {
  if (!node.string_or("").empty()) node.unsupported("the affix " + quote(node.string()));
}

}  // namespace

BpeTables read_bpe_model(const JsonNode& node) {
  const std::string type = node.at("type").string_or("BPE");
  if (type != "BPE") node.unsupported("the model " + quote(type));
  node.allow_only({"type", "dropout", "unk_token", "continuing_subword_prefix",
                   "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab",
                   "merges"});
  const JsonNode dropout = node.at("dropout");
  if (!dropout.is_null() && dropout.value() != 0.0) dropout.unsupported("dropout");
  refuse_unless_empty(node.at("continuing_subword_prefix"));
  refuse_unless_empty(node.at("end_of_word_suffix"));
  BpeTables tables;
  if (!node.at("unk_token").is_null()) tables.unknown_token = node.at("unk_token").string();
  tables.fuse_unknown = node.at("fuse_unk").boolean_or(false);
  tables.byte_fallback = node.at("byte_fallback").boolean_or(false);
  tables.ignore_merges = node.at("ignore_merges").boolean_or(false);
  read_vocabulary(node.at("vocab"), tables);
  read_merges(node.at("merges"), tables);
  return tables;
}

}  // namespace hadal::data
