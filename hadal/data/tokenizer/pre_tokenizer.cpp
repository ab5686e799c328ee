#include "hadal/data/tokenizer/pre_tokenizer.h"

#include "hadal/core/text.h"
#include "hadal/data/tokenizer/byte_level.h"
#include "hadal/data/tokenizer/metaspace.h"
#include "hadal/data/tokenizer/pattern.h"
#include "hadal/data/tokenizer/split.h"

#include <optional>
#include <utility>

namespace hadal::data {
namespace {

/// A step can double the text, so their number bounds what a hostile file can make of it.
constexpr std::size_t kMostSteps = 8;

constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

PreTokenizer byte_level(const JsonNode& node) {
  node.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  std::optional<Splitter> splitter;
  if (node.at("use_regex").boolean_or(true)) splitter.emplace(Regex(kGpt2Pattern));
  return [splitter, add_prefix_space = node.at("add_prefix_space").boolean()](
             std::vector<std::string>& pieces, bool) {
    for (std::string& piece : pieces) {
      if (add_prefix_space && !piece.starts_with(' ')) piece.insert(piece.begin(), ' ');
    }
    if (splitter) splitter->split(pieces);
    for (std::string& piece : pieces) piece = to_byte_level(piece);
  };
}

PreTokenizer splitting(Splitter splitter) {
  return [splitter = std::move(splitter)](std::vector<std::string>& pieces, bool) {
    splitter.split(pieces);
  };
}

PreTokenizer split(const JsonNode& node) {
  node.allow_only({"type", "pattern", "behavior", "invert"});
  return splitting({read_pattern(node.at("pattern")), read_match_behavior(node.at("behavior")),
                    node.at("invert").boolean()});
}

PreTokenizer digits(const JsonNode& node) {
  node.allow_only({"type", "individual_digits"});
  const bool individual = node.at("individual_digits").boolean();
  return splitting(
      {Regex(R"(\p{N})"), individual ? MatchBehavior::isolated : MatchBehavior::contiguous});
}

PreTokenizer whitespace(const JsonNode& node) {
  node.allow_only({"type"});
  return splitting(
      {Regex(R"([\w\x{200C}\x{200D}]+|[^\w\x{200C}\x{200D}\s]+)"), MatchBehavior::removed, true});
}

std::string replaced_spaces(std::string_view piece, std::string_view replacement) {
  std::string text;
  text.reserve(piece.size());
  for (const char c : piece) text += c == ' ' ? replacement : std::string_view(&c, 1);
  return text;
}

PreTokenizer metaspace(const JsonNode& node, bool takes_whole_text) {
  const Metaspace options = read_metaspace(node);
  // Which piece starts the text can only be told where nothing has been cut or removed before.
  if (options.prepend == PrependScheme::first && !takes_whole_text) {
    node.unsupported("the prepend scheme \"first\" after a normalizer or another pre-tokenizer");
  }
  const Splitter splitter{Regex::literal(options.replacement), MatchBehavior::merged_with_next};
  return [options, splitter](std::vector<std::string>& pieces, bool starts_text) {
    const bool prepend = options.prepend == PrependScheme::always ||
                         (options.prepend == PrependScheme::first && starts_text);
    for (std::string& piece : pieces) {
      piece = replaced_spaces(piece, options.replacement);
      if (prepend && !piece.starts_with(options.replacement)) piece.insert(0, options.replacement);
    }
    if (options.split) splitter.split(pieces);
  };
}

void read_steps(const JsonNode& node, bool text_is_unchanged, std::vector<PreTokenizer>& steps) {
  const std::string& type = node.at("type").string();
  if (type == "Sequence") {
    node.allow_only({"type", "pretokenizers"});
    for (const JsonNode& step : node.at("pretokenizers").elements()) {
      read_steps(step, text_is_unchanged, steps);
    }
    return;
  }
  if (steps.size() == kMostSteps) {
    node.unsupported("a sequence of more than " + std::to_string(kMostSteps) + " pre-tokenizers");
  }
  if (type == "ByteLevel") {
    steps.push_back(byte_level(node));
  } else if (type == "Split") {
    steps.push_back(split(node));
  } else if (type == "Digits") {
    steps.push_back(digits(node));
  } else if (type == "Metaspace") {
    steps.push_back(metaspace(node, text_is_unchanged && steps.empty()));
  } else if (type == "Whitespace") {
    steps.push_back(whitespace(node));
  } else {
    node.unsupported("the pre-tokenizer " + quote(type));
  }
}

}  // namespace

std::vector<PreTokenizer> read_pre_tokenizer(const JsonNode& node, bool text_is_unchanged) {
  std::vector<PreTokenizer> steps;
  if (!node.is_null()) read_steps(node, text_is_unchanged, steps);
  return steps;
}

}  // namespace hadal::data
