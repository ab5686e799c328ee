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

Read read_argument(Reader& reader, Argument argument) {
  Read read;
  switch (argument) {
    case Argument::none:
      break;
    case Argument::one:
    case Argument::two:
    case Argument::four:
    case Argument::eight:
      read.number = reader.number(1 << (static_cast<int>(argument) - 1));
      break;
    case Argument::line:
      read.text = reader.line();
      break;
    case Argument::two_lines:
      read.text = reader.line();
      read.second = reader.line();
      break;
    case Argument::counted_one:
      read.text = reader.counted(1);
      break;
    case Argument::counted_four:
      read.text = reader.counted(4);
      break;
    case Argument::counted_eight:
      read.text = reader.counted(8);
      break;
  }
  return read;
}

}  // namespace hadal::msp::pickle
