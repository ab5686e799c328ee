#include "hadal/data/tokenizer/split.h"

#include "hadal/core/text.h"

#include <algorithm>
#include <utility>

namespace hadal::data {
namespace {

using Spans = std::vector<Span>;

/// Joins neighbours where `join(span, the one before it)` says so.
template <class Join>
Spans joined(const Spans& spans, Join join) {
  Spans result;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i > 0 && join(spans[i], spans[i - 1])) {
      result.back().end = spans[i].end;
    } else {
      result.push_back(spans[i]);
    }
  }
  return result;
}

Spans arrange(const Spans& spans, MatchBehavior behavior) {
  switch (behavior) {
    case MatchBehavior::isolated:
      break;
    case MatchBehavior::removed: {
      Spans kept;
      std::copy_if(spans.begin(), spans.end(), std::back_inserter(kept),
                   [](const Span& span) { return !span.match; });
      return kept;
    }
    case MatchBehavior::merged_with_previous:
      return joined(spans, [](const Span& span, const Span& previous) {
        return span.match && !previous.match;
      });
    case MatchBehavior::merged_with_next:
      return joined(spans, [](const Span& span, const Span& previous) {
        return previous.match && !span.match;
      });
    case MatchBehavior::contiguous:
      return joined(spans, [](const Span& span, const Span& previous) {
        return span.match == previous.match;
      });
  }
  return spans;
}

}  // namespace

MatchBehavior read_match_behavior(const JsonNode& node) {
  constexpr std::pair<const char*, MatchBehavior> kNames[] = {
      {"Isolated", MatchBehavior::isolated},
      {"Removed", MatchBehavior::removed},
      {"MergedWithPrevious", MatchBehavior::merged_with_previous},
      {"MergedWithNext", MatchBehavior::merged_with_next},
      {"Contiguous", MatchBehavior::contiguous}};
  for (const auto& [name, behavior] : kNames) {
    if (node.string() == name) return behavior;
  }
  node.fail(quote(node.string()) + " is no behavior");
}

void Splitter::split(std::vector<std::string>& pieces) const {
  std::vector<std::string> cut;
  for (const std::string& piece : pieces) {
    Spans spans = pattern.cut(piece);
    if (invert) {
      for (Span& span : spans) span.match = !span.match;
    }
    for (const Span& span : arrange(spans, behavior)) {
      if (span.begin < span.end) cut.push_back(piece.substr(span.begin, span.end - span.begin));
    }
  }
  pieces = std::move(cut);
}

}  // namespace hadal::data
