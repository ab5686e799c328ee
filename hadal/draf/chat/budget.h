#pragma once

#include "hadal/draf/chat/value.h"

#include <cstddef>

namespace hadal::draf::jinja {

/// What one render may take. A template is a program that a model's author wrote: without a bound
/// it could run for ever, or double a text until the memory is full.
class Budget {
 public:
  static constexpr std::size_t kMostSteps = 10'000'000;
  static constexpr std::size_t kMostBytes = std::size_t{256} << 20;

  /// Throws Failure when they are used up.
  void step(std::size_t count = 1) {
    if (count > steps_left_) throw Failure{"the template takes more than 10000000 steps"};
    steps_left_ -= count;
  }
  /// Of all that is made, whether it is still in use or not. Making takes time, too.
  void take_bytes(std::size_t count) {
    if (count > bytes_left_)
      throw Failure{"the template makes more than 256 MiB of text and lists"};
    bytes_left_ -= count;
    step(count / 256);
  }
  std::size_t bytes_left() const { return bytes_left_; }

  Value text(std::string text, bool markup = false) {
    take_bytes(text.size() + 64);
    return make_text(std::move(text), markup);
  }
  Value list(Values items, Sequence kind = Sequence::list) {
    take_bytes(items.size() * sizeof(Value) + 64);
    return make_list(std::move(items), kind);
  }
  Value dict(Dict dict) {
    take_bytes(dict.items.size() * 128 + 64);
    return make_dict(std::move(dict));
  }

 private:
  std::size_t steps_left_ = kMostSteps;
  std::size_t bytes_left_ = kMostBytes;
};

}  // namespace hadal::draf::jinja
