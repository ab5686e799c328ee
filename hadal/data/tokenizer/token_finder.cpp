#include "hadal/core/utf8.h"
#include "hadal/data/tokenizer/added_tokens.h"
#include "hadal/data/tokenizer/unicode.h"

#include <algorithm>

namespace hadal::data {
namespace {

bool ends_with_word(std::string_view text) {
  if (text.empty()) return false;
  std::size_t start = text.size() - 1;
  while ((static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  return is_word(first_code_point(text.substr(start)));
}

bool starts_with_word(std::string_view text) {
  return !text.empty() && is_word(first_code_point(text));
}

}  // namespace

void TokenFinder::add(const AddedToken& token) {
  starts_[static_cast<unsigned char>(token.spelling[0])] = true;
  std::size_t node = 0;
  for (const char byte : token.spelling) {
    const std::uint64_t key = (std::uint64_t{node} << 8) | static_cast<unsigned char>(byte);
    const auto [child, is_new] = children_.try_emplace(key, nodes_.size());
    if (is_new) nodes_.emplace_back();
    node = child->second;
  }
  // Two tokens may look the same once normalized: the first is found.
  if (nodes_[node].token) return;
  nodes_[node].token = tokens_.size();
  tokens_.push_back(token);
}

std::optional<TokenFinder::Found> TokenFinder::longest_at(std::string_view text,
                                                          std::size_t begin) const {
  std::optional<Found> longest;
  std::size_t node = 0;
  for (std::size_t at = begin; at < text.size(); ++at) {
    const std::uint64_t key = (std::uint64_t{node} << 8) | static_cast<unsigned char>(text[at]);
    const auto child = children_.find(key);
    if (child == children_.end()) break;
    node = child->second;
    if (nodes_[node].token) longest = Found{at + 1, &tokens_[*nodes_[node].token]};
  }
  return longest;
}

std::vector<Segment> TokenFinder::cut(std::string_view text) const {
  std::vector<Segment> segments;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const bool candidate = starts_[static_cast<unsigned char>(text[at])];
    const auto found = candidate ? longest_at(text, at) : std::nullopt;
    if (!found) {
      ++at;
      continue;
    }
    const AddedToken& token = *found->token;
    std::size_t begin = at;
    std::size_t end = at = found->end;
    if (token.single_word &&
        (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) {
      continue;
    }
    // What the token before has taken is not looked at again, so that the whole stays linear.
    if (token.strip_left) {
      begin = done < begin ? begin - trailing_white_space(text.substr(done, begin - done)) : done;
    }
    if (token.strip_right) {
      end = std::max(end, done);
      end += leading_white_space(text.substr(end));
    }
    // The token before may have taken all of this one.
    if (begin >= end) continue;
    if (done < begin) segments.push_back({done, begin, std::nullopt});
    segments.push_back({begin, end, token.id});
    done = end;
  }
  if (done < text.size()) segments.push_back({done, text.size(), std::nullopt});
  return segments;
}

AddedTokenFinders make_finders(const std::vector<AddedToken>& tokens) {
  AddedTokenFinders finders;
  // Where two tokens look the same, a special one comes first, as in the reference implementation.
  for (const bool special : {true, false}) {
    for (const AddedToken& token : tokens) {
      if (token.special == special) {
        (token.normalized ? finders.normalized : finders.exact).add(token);
      }
    }
  }
  return finders;
}

}  // namespace hadal::data
