#include "hadal/data/tokenizer/post_processor.h"

#include "hadal/core/text.h"

#include <utility>

namespace hadal::data {
namespace {

using Ids = std::vector<std::int64_t>;

Ids read_ids(const JsonNode& special_token, std::size_t vocabulary_size) {
  if (special_token.is_null()) special_token.fail("the template uses it, but it is not here");
  Ids ids;
  for (const JsonNode& node : special_token.at("ids").elements()) {
    const std::size_t id = node.integer();
    if (id >= vocabulary_size)
      node.fail("the id " + std::to_string(id) + " is not in the vocabulary");
    ids.push_back(static_cast<std::int64_t>(id));
  }
  return ids;
}

Surround read_template(const JsonNode& node, std::size_t vocabulary_size) {
  node.allow_only({"type", "single", "pair", "special_tokens"});
  Surround surround;
  bool text_seen = false;
  for (const JsonNode& part : node.at("single").elements()) {
    part.allow_only({"SpecialToken", "Sequence"});
    if (const JsonNode token = part.at("SpecialToken"); !token.is_null()) {
      const JsonNode special = node.at("special_tokens").at(token.at("id").string());
      Ids& side = text_seen ? surround.after : surround.before;
      const Ids ids = read_ids(special, vocabulary_size);
      side.insert(side.end(), ids.begin(), ids.end());
    } else if (std::exchange(text_seen, true)) {
      part.unsupported("a template that has the text twice");
    } else if (part.at("Sequence").at("id").string() != "A") {
      part.fail("expected the sequence \"A\"");
    }
  }
  if (!text_seen) node.at("single").unsupported("a template without the text");
  return surround;
}

Surround read_sequence(const JsonNode& node, std::size_t vocabulary_size) {
  node.allow_only({"type", "processors"});
  Surround all;
  for (const JsonNode& step : node.at("processors").elements()) {
    if (step.is_null()) step.fail("expected a post-processor, found nothing");
    const auto [before, after] = read_post_processor(step, vocabulary_size);
    all.before.insert(all.before.begin(), before.begin(), before.end());
    all.after.insert(all.after.end(), after.begin(), after.end());
  }
  return all;
}

}  // namespace

Surround read_post_processor(const JsonNode& node, std::size_t vocabulary_size) {
  if (node.is_null()) return {};
  const std::string& type = node.at("type").string();
  if (type == "TemplateProcessing") return read_template(node, vocabulary_size);
  if (type == "Sequence") return read_sequence(node, vocabulary_size);
  if (type != "ByteLevel") node.unsupported("the post-processor " + quote(type));
  // It moves offsets, and no ids.
  node.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  return {};
}

}  // namespace hadal::data
