#include "hadal/draf/text/stop_texts.h"

#include <algorithm>
#include <utility>

namespace hadal::draf {

StopTexts::StopTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
  std::erase(texts_, "");
}

/// Bytes at the end of `text` that are the start of a stop text.
std::size_t StopTexts::holds(std::string_view text) const {
  std::size_t result = 0;
  for (const std::string& stop : texts_) {
    for (std::size_t n = std::min(stop.size() - 1, text.size()); n > result; --n) {
      if (text.ends_with(std::string_view(stop).substr(0, n))) result = n;
    }
  }
  return result;
}

std::string StopTexts::add(std::string_view part) {
  if (found_) return {};
  held_ += part;
  // The one that ends first, and of these the longest: as if bytes came one by one.
  std::size_t begin = 0;
  std::size_t end = std::string::npos;
  for (const std::string& stop : texts_) {
    const std::size_t at = held_.find(stop);
    if (at == std::string::npos) continue;
    if (at + stop.size() < end || (at + stop.size() == end && at < begin)) {
      begin = at;
      end = at + stop.size();
    }
  }
  found_ = end != std::string::npos;
  const std::size_t given = found_ ? begin : held_.size() - holds(held_);
  std::string result = held_.substr(0, given);
  held_.erase(0, found_ ? held_.size() : given);
  return result;
}

std::string StopTexts::finish() { return std::exchange(held_, {}); }

}  // namespace hadal::draf
