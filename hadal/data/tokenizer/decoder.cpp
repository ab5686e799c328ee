#include "hadal/data/tokenizer/decoder.h"

#include "hadal/core/text.h"
#include "hadal/core/utf8.h"
#include "hadal/data/tokenizer/byte_level.h"
#include "hadal/data/tokenizer/metaspace.h"
#include "hadal/data/tokenizer/pattern.h"

#include <charconv>
#include <optional>
#include <utility>

namespace hadal::data {
namespace {

using Tokens = std::vector<std::string>;

void join_with_spaces(Tokens& tokens, std::size_t) {
  for (std::size_t i = 1; i < tokens.size(); ++i) tokens[i] = " " + tokens[i];
}

void fuse(Tokens& tokens, std::size_t) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  tokens = {std::move(text)};
}

void decode_byte_level(Tokens& tokens, std::size_t) {
  std::string bytes;
  for (const std::string& token : tokens) bytes += from_byte_level(token);
  tokens = {replace_invalid_utf8(bytes)};
}

/// The byte of a token like `<0x0A>`.
std::optional<char> fallback_byte(const std::string& token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(&token[3], &token[5], value, 16);
  if (error != std::errc() || end != &token[5]) return std::nullopt;
  return static_cast<char>(value);
}

/// A run of bytes that is not UTF-8 becomes U+FFFD byte by byte, in the reference implementation
/// too.
void flush(std::string& bytes, Tokens& decoded) {
  if (bytes.empty()) return;
  if (find_invalid_utf8(bytes)) {
    decoded.insert(decoded.end(), bytes.size(), "\uFFFD");
  } else {
    decoded.push_back(bytes);
  }
  bytes.clear();
}

void decode_byte_fallback(Tokens& tokens, std::size_t) {
  Tokens decoded;
  std::string bytes;
  for (std::string& token : tokens) {
    if (const auto byte = fallback_byte(token)) {
      bytes += *byte;
    } else {
      flush(bytes, decoded);
      decoded.push_back(std::move(token));
    }
  }
  flush(bytes, decoded);
  tokens = std::move(decoded);
}

/// Takes at most `start` of the character off the start of `token`, and `stop` off its end.
void strip_token(std::string& token, const std::string& character, std::size_t start,
                 std::size_t stop) {
  std::size_t begin = 0;
  for (; start > 0 && token.compare(begin, character.size(), character) == 0; --start) {
    begin += character.size();
  }
  std::string_view rest = std::string_view(token).substr(begin);
  for (; stop > 0 && rest.ends_with(character); --stop) rest.remove_suffix(character.size());
  token = std::string(rest);
}

Decoder strip(const JsonNode& node) {
  node.allow_only({"type", "content", "start", "stop"});
  const JsonNode content = node.at("content");
  const std::string& character = content.string();
  if (character.empty() || character.size() != utf8_length(character[0])) {
    content.fail("expected one character, found " + quote(character));
  }
  return [character, start = node.at("start").integer(), stop = node.at("stop").integer()](
             Tokens& tokens, std::size_t) {
    for (std::string& token : tokens) strip_token(token, character, start, stop);
  };
}

Decoder replace(const JsonNode& node) {
  return [replacement = read_replacement(node)](Tokens& tokens, std::size_t max_bytes) {
    for (std::string& token : tokens) token = replacement.apply(token, max_bytes);
  };
}

/// Spaces for the replacements; those of the first token are left out where encoding has added one.
Decoder metaspace(const JsonNode& node) {
  const Metaspace options = read_metaspace(node);
  const Replacement space{Regex::literal(options.replacement), " "};
  const Replacement nothing{space.pattern, ""};
  const bool drop = options.prepend != PrependScheme::never;
  return [=](Tokens& tokens, std::size_t max_bytes) {
    bool first = true;
    for (std::string& token : tokens) {
      token = (std::exchange(first, false) && drop ? nothing : space).apply(token, max_bytes);
    }
  };
}

Decoder sequence(const JsonNode& node) {
  node.allow_only({"type", "decoders"});
  std::vector<Decoder> steps;
  for (const JsonNode& step : node.at("decoders").elements()) {
    if (step.is_null()) step.fail("expected a decoder, found nothing");
    steps.push_back(read_decoder(step));
  }
  return [steps = std::move(steps)](Tokens& tokens, std::size_t max_bytes) {
    for (const Decoder& step : steps) step(tokens, max_bytes);
  };
}

}  // namespace

Decoder read_decoder(const JsonNode& node) {
  if (node.is_null()) return join_with_spaces;
  const std::string& type = node.at("type").string();
  if (type == "Strip") return strip(node);
  if (type == "Replace") return replace(node);
  if (type == "Metaspace") return metaspace(node);
  if (type == "Sequence") return sequence(node);
  if (type == "ByteLevel") {
    node.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    return decode_byte_level;
  }
  if (type == "Fuse" || type == "ByteFallback") {
    node.allow_only({"type"});
    return type == "Fuse" ? fuse : decode_byte_fallback;
  }
  node.unsupported("the decoder " + quote(type));
}

}  // namespace hadal::data
