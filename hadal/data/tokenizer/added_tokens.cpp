#include "hadal/data/tokenizer/added_tokens.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/data/tokenizer/pattern.h"

#include <unordered_set>
#include <utility>

namespace hadal::data {
namespace {

/// Bounds the time that a finder needs at each place of a text.
constexpr std::size_t kMaxContentBytes = 1024;
constexpr std::size_t kMaxId = (std::size_t{1} << 31) - 1;

AddedToken read_added_token(const JsonNode& node, const Normalizer& normalizer) {
  node.allow_only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  const JsonNode content = node.at("content");
  if (content.string().empty()) content.fail("the token is empty");
  if (content.string().size() > kMaxContentBytes) {
    content.fail(
        concat("the token has ", content.string().size(), " bytes, more than ", kMaxContentBytes));
  }
  const std::size_t id = node.at("id").integer();
  if (id > kMaxId) node.fail(concat("the id ", id, " is above ", kMaxId));
  std::string spelling = content.string();
  const bool normalized = node.at("normalized").boolean();
  if (normalized && normalizer) spelling = normalizer(spelling, max_expansion(spelling.size()));
  if (spelling.empty()) content.unsupported("an added token that is empty once it is normalized");
  return {.content = content.string(),
          .spelling = std::move(spelling),
          .id = static_cast<std::int64_t>(id),
          .special = node.at("special").boolean(),
          .strip_left = node.at("lstrip").boolean(),
          .strip_right = node.at("rstrip").boolean(),
          .single_word = node.at("single_word").boolean(),
          .normalized = normalized};
}

}  // namespace

std::vector<AddedToken> read_added_tokens(const JsonNode& node, const BpeTables& tables,
                                          const Normalizer& normalizer) {
  std::vector<AddedToken> tokens;
  if (node.is_null()) return tokens;
  std::unordered_set<std::string> contents;
  auto next_id = static_cast<std::int64_t>(tables.tokens.size());
  for (const JsonNode& element : node.elements()) {
    tokens.push_back(read_added_token(element, normalizer));
    const AddedToken& token = tokens.back();
    if (!contents.insert(token.content).second) {
      element.fail("the token " + quote(token.content) + " comes twice");
    }
    const auto known = tables.ids.find(token.content);
    const std::int64_t expected = known == tables.ids.end() ? next_id++ : known->second;
    if (token.id != expected) {
      element.fail(concat("the token ", quote(token.content), " has the id ", token.id, ", but ",
                          expected,
                          known == tables.ids.end() ? " comes next" : " in the vocabulary"));
    }
  }
  return tokens;
}

}  // namespace hadal::data
