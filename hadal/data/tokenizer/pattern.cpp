#include "hadal/data/tokenizer/pattern.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"

namespace hadal::data {

Regex read_pattern(const JsonNode& node) {
  node.allow_only({"String", "Regex"});
  if (node.value().size() != 1) node.fail("expected one of \"String\" and \"Regex\"");
  if (const JsonNode literal = node.at("String"); !literal.is_null()) {
    if (literal.string().empty()) literal.fail("the pattern is empty");
    return Regex::literal(literal.string());
  }
  return Regex(node.at("Regex").string());
}

Replacement read_replacement(const JsonNode& node) {
  node.allow_only({"type", "pattern", "content"});
  const JsonNode pattern = node.at("pattern");
  const JsonNode content = node.at("content");
  // With a regular expression the reference implementation takes $1 for the text of a group.
  if (pattern.value().contains("Regex") && content.string().find('$') != std::string::npos) {
    content.unsupported("a $ in the replacement of a regular expression");
  }
  return {read_pattern(pattern), content.string()};
}

std::string Replacement::apply(std::string_view text, std::size_t max_bytes) const {
  std::string replaced;
  for (const Span& span : pattern.cut(text)) {
    replaced += span.match ? content : text.substr(span.begin, span.end - span.begin);
    if (replaced.size() > max_bytes) {
      throw InvalidArgument(concat("replacing by ", quote(content), " makes the text longer than ",
                                   max_bytes, " bytes"));
    }
  }
  return replaced;
}

}  // namespace hadal::data
