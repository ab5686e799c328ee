#include "hadal/msp/scan/pickle/value.h"

#include "hadal/msp/scan/pickle/reader.h"

#include <utility>

namespace hadal::msp::pickle {
namespace {

constexpr std::size_t kMostStacked = 1 << 21;
constexpr std::size_t kMostMemoized = 1 << 21;
constexpr std::size_t kMostTexts = 1 << 16;
constexpr std::size_t kMostTextBytes = 1 << 28;

}  // namespace

void Machine::push(const Value& value) {
  if (stack_.size() == kMostStacked)
    throw Malformed{"more objects wait on the stack than any model needs"};
  stack_.push_back(value);
}

Value Machine::pop() {
  if (stack_.empty()) throw Malformed{"an opcode takes more objects than there are"};
  const Value value = stack_.back();
  stack_.pop_back();
  return value;
}

const Value& Machine::top() const {
  if (stack_.empty() || stack_.back().kind == Kind::mark) {
    throw Malformed{"an opcode takes more objects than there are"};
  }
  return stack_.back();
}

std::size_t Machine::find_mark() const {
  for (std::size_t i = stack_.size(); i > 0; --i) {
    if (stack_[i - 1].kind == Kind::mark) return i - 1;
  }
  throw Malformed{"an opcode takes what follows a mark, but there is none"};
}

std::vector<Value> Machine::pop_to_mark() {
  const auto mark = stack_.begin() + static_cast<std::ptrdiff_t>(find_mark());
  std::vector<Value> above(mark + 1, stack_.end());
  stack_.erase(mark, stack_.end());
  return above;
}

void Machine::drop_to_mark() { stack_.resize(find_mark()); }

void Machine::memoize(std::uint64_t index) {
  if (memo_.size() >= kMostMemoized) throw Malformed{"more objects are kept than any model needs"};
  memo_[index] = top();
}

void Machine::push_memo(std::uint64_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) throw Malformed{"an object is asked for that was not kept"};
  push(found->second);
}

std::string_view Machine::own(std::string text) {
  text_bytes_ += text.size();
  if (texts_.size() == kMostTexts || text_bytes_ > kMostTextBytes) {
    throw Malformed{"more texts are escaped than any model needs"};
  }
  return texts_.emplace_back(std::move(text));
}

}  // namespace hadal::msp::pickle
