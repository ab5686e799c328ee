#pragma once

#include "hadal/msp/scan/pickle/globals.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hadal::msp::pickle {

enum class Kind : std::uint8_t {
  mark,
  text,
  bytes,
  global,
  tuple,
  class_reference,  ///< a tuple by which PyTorch before 1.6 names a class that it stores the source
                    ///< of
  other,
};

/// What is known of an object that unpickling would make.
struct Value {
  Kind kind = Kind::other;
  /// Of a text or bytes; of a tuple, its first bytes if it has any.
  std::string_view text = {};
  /// Of a global or a reference to one, its place in the list of imports.
  std::size_t global = 0;
};

/// The stack and memo of an unpickler, whose methods throw Malformed where Python's raises. Both
/// are bounded, so that memory stays within some hundred megabytes whatever the file.
class Machine {
 public:
  void push(const Value& value);
  Value pop();
  const Value& top() const;
  /// Pops down to the last mark, which goes too; the values above it stay in their order.
  std::vector<Value> pop_to_mark();
  /// The same, where the values are of no interest.
  void drop_to_mark();
  void memoize(std::uint64_t index);
  void memoize_next() { memoize(memo_.size()); }
  void push_memo(std::uint64_t index);
  /// Keeps a text that is not one of the file's.
  std::string_view own(std::string text);

 private:
  std::size_t find_mark() const;

  std::vector<Value> stack_;
  std::unordered_map<std::uint64_t, Value> memo_;
  std::deque<std::string> texts_;
  std::size_t text_bytes_ = 0;
};

}  // namespace hadal::msp::pickle
