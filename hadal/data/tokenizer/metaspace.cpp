#include "hadal/data/tokenizer/metaspace.h"

#include "hadal/core/text.h"
#include "hadal/core/utf8.h"

namespace hadal::data {
namespace {

PrependScheme read_scheme(const JsonNode& node) {
  const std::string& scheme = node.string();
  if (scheme == "always") return PrependScheme::always;
  if (scheme == "first") return PrependScheme::first;
  if (scheme == "never") return PrependScheme::never;
  node.fail(quote(scheme) + " is no prepend scheme");
}

}  // namespace

Metaspace read_metaspace(const JsonNode& node) {
  node.allow_only(
      {"type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
  const JsonNode replacement = node.at("replacement");
  const std::string& character = replacement.string();
  if (character.empty() || character.size() != utf8_length(character[0])) {
    replacement.fail("expected one character, found " + quote(character));
  }
  // Files written before there were schemes say add_prefix_space.
  const bool add_prefix_space = node.at("add_prefix_space").boolean_or(true);
  const JsonNode scheme = node.at("prepend_scheme");
  const PrependScheme prepend =
      scheme.is_null() ? add_prefix_space ? PrependScheme::always : PrependScheme::never
                       : read_scheme(scheme);
  if (!add_prefix_space && prepend != PrependScheme::never) {
    scheme.fail("contradicts the add_prefix_space beside it");
  }
  return {character, prepend, node.at("split").boolean_or(true)};
}

}  // namespace hadal::data
