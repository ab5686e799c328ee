#include "hadal/draf/text/detokenizer.h"

#include "hadal/core/utf8.h"

#include <algorithm>

namespace hadal::draf {
namespace {

constexpr std::size_t kContext = 6;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Whether more bytes could change the last character.
bool ends_in_a_part(std::string_view text) {
  if (text.ends_with(kReplacement)) return true;
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) return false;
    if (byte >= 0xC0) return utf8_length(text[text.size() - back]) > back;
  }
  return false;
}

}  // namespace

Detokenizer::Detokenizer(const data::Tokenizer& tokenizer, std::span<const std::int64_t> before)
    : tokenizer_(tokenizer), out_(std::min(before.size(), kContext)) {
  const auto context = before.last(out_);
  window_.assign(context.begin(), context.end());
}

std::string Detokenizer::decode(std::size_t count) const {
  return tokenizer_.decode(std::span(window_).first(count));
}

/// The text after the first `known` bytes; all tokens' is out then.
std::string Detokenizer::give(const std::string& text, std::size_t known) {
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(out_));
  out_ = window_.size();
  return known < text.size() ? replace_invalid_utf8(std::string_view(text).substr(known)) : "";
}

std::string Detokenizer::add(std::int64_t id) {
  window_.push_back(id);
  const std::string text = decode(window_.size());
  const std::size_t known = decode(out_).size();
  const bool is_whole = text.size() > known && !ends_in_a_part(text);
  if (!is_whole && window_.size() - out_ < kMostHeld) return {};
  return give(text, known);
}

std::string Detokenizer::finish() {
  if (window_.size() == out_) return {};
  return give(decode(window_.size()), decode(out_).size());
}

}  // namespace hadal::draf
