#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::data {

/// A part of a text, [begin, end) in bytes.
struct Span {
  std::size_t begin;
  std::size_t end;
  /// Whether the pattern matched it; else it lies between matches.
  bool match;
};

/// A compiled regular expression for UTF-8 text. Copies share it, and threads may.
class Regex {
 public:
  /// Takes the syntax of regex_syntax.h. Throws Unsupported, with the pattern's text, where it
  /// cannot be run.
  explicit Regex(std::string_view pattern);
  /// Matches `text` itself, which must not be empty.
  static Regex literal(std::string_view text);

  /// Cuts `text`, which must be valid UTF-8, into its matches from left to right and what lies
  /// between them. An empty text gives one empty span that is no match. An empty match is taken but
  /// where the match before it ends. Throws InvalidArgument, with the pattern's text, where one
  /// match takes more than ten million steps or its memory.
  std::vector<Span> cut(std::string_view text) const;

 private:
  struct Compiled;
  explicit Regex(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace hadal::data
