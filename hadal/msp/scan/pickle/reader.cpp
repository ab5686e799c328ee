#include "hadal/msp/scan/pickle/reader.h"

namespace hadal::msp::pickle {

std::uint64_t Reader::number(int bytes) {
  std::uint64_t value = 0;
  int shift = 0;
  for (const char c : take(static_cast<std::uint64_t>(bytes))) {
    value |= std::uint64_t{static_cast<std::uint8_t>(c)} << shift;
    shift += 8;
  }
  return value;
}

std::string_view Reader::take(std::uint64_t count) {
  if (count > text_.size() - at_) throw Malformed{"the data ends within an argument"};
  const std::string_view taken = text_.substr(at_, static_cast<std::size_t>(count));
  at_ += taken.size();
  return taken;
}

std::string_view Reader::line() {
  const std::size_t end = text_.find('\n', at_);
  if (end == text_.npos) throw Malformed{"the data ends within a line"};
  const std::string_view line = text_.substr(at_, end - at_);
  at_ = end + 1;
  return line;
}

}  // namespace hadal::msp::pickle
