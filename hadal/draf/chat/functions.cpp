#include "hadal/draf/chat/interpreter.h"
#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/print.h"

#include <ctime>

namespace hadal::draf::jinja {
namespace {

Value make_range(Budget& budget, const Arguments& arguments) {
  constexpr std::int64_t kMost = 100'000;  // the bound of Jinja's sandbox
  const Bound bound("range()", arguments, {"start", "stop", "step"});
  const bool has_stop = bound.find(1) != nullptr;
  const std::int64_t begin = has_stop ? bound.integer(0) : 0;
  const std::int64_t end = bound.integer(has_stop ? 1 : 0);
  const std::int64_t step = bound.integer(2, 1);
  if (step == 0) throw Failure{"range() arg 3 must not be zero"};
  Values items;
  for (std::int64_t at = begin; step > 0 ? at < end : at > end;) {
    if (items.size() == kMost) throw Failure{"range() has more than 100000 items"};
    items.push_back({at});
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return budget.list(std::move(items), Sequence::range);
}

Dict make_members(Budget& budget, const Arguments& arguments) {
  Dict dict;
  if (arguments.values.size() > 1) throw Failure{"dict() takes at most 1 argument without a name"};
  if (!arguments.values.empty()) {
    const Value& from = arguments.values[0];
    if (from.dict()) {
      dict = *from.dict();
    } else {
      // Held by a name: C++20 ends a temporary before the loop.
      const auto held = iterate(budget, from);
      for (const Value& pair : held->items) {
        const auto both = iterate(budget, pair);
        if (both->items.size() != 2) throw Failure{"dict() expects pairs"};
        dict.set(both->items[0], both->items[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) dict.set(make_text(name), value);
  budget.take_bytes(dict.items.size() * 128);
  return dict;
}

Value make_space(Interpreter& interpreter, const Arguments& arguments) {
  Dict attributes = make_members(interpreter.budget(), arguments);
  for (const auto& [key, value] : attributes.items) {
    if (key.text() && key.text()->text.starts_with('_')) {
      throw Failure{"a namespace has no attributes that start with '_'"};
    }
  }
  return {interpreter.make_namespace(std::move(attributes))};
}

Value current_time(Budget& budget, const Arguments& arguments) {
  const Bound bound("strftime_now()", arguments, {"format"});
  const std::string& format = bound.text(0);
  constexpr std::size_t kLongest = 200;
  // glibc's strftime() knows widths ("%99999d"), which the buffer bounds.
  if (format.size() > kLongest)
    throw Failure{"strftime_now(): the format is longer than 200 bytes"};
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[4096];
  // A space tells an empty result from one that does not fit.
  const std::size_t size = std::strftime(text, sizeof text, (format + " ").c_str(), &local);
  if (size == 0) throw Failure{"strftime_now(): the result is too long"};
  return budget.text(std::string(text, size - 1));
}

Value make_cycler(Interpreter& interpreter, const Arguments& arguments) {
  if (arguments.values.empty()) throw Failure{"at least one item has to be provided"};
  return {interpreter.make_cycler({arguments.values})};
}

}  // namespace

Namespace* Interpreter::make_namespace(Dict attributes) {
  budget_.take_bytes(256);
  spaces_.push_back(std::make_unique<Namespace>(Namespace{std::move(attributes)}));
  return spaces_.back().get();
}

Cycler* Interpreter::make_cycler(Cycler cycler) {
  budget_.take_bytes(cycler.items.size() * sizeof(Value) + 64);
  cyclers_.push_back(std::make_unique<Cycler>(std::move(cycler)));
  return cyclers_.back().get();
}

Value call_function(Interpreter& interpreter, Function function, const Arguments& arguments) {
  Budget& budget = interpreter.budget();
  switch (function) {
    case Function::cycler:
      return make_cycler(interpreter, arguments);
    case Function::dict:
      return budget.dict(make_members(budget, arguments));
    case Function::joiner: {
      const Bound bound("joiner()", arguments, {"sep"});
      return {interpreter.make_cycler({{bound.value(0, make_text(", "))}, 0, true})};
    }
    case Function::make_namespace:
      return make_space(interpreter, arguments);
    case Function::raise_exception: {
      const Bound bound("raise_exception()", arguments, {"message"});
      throw Raised{to_text(bound.value(0), budget.bytes_left())};
    }
    case Function::range:
      return make_range(budget, arguments);
    case Function::strftime_now:
      return current_time(budget, arguments);
  }
  return {None{}};
}

const std::unordered_map<std::string, Value>& functions() {
  static const std::unordered_map<std::string, Value> kFunctions = {
      {"cycler", {Function::cycler}},
      {"dict", {Function::dict}},
      {"joiner", {Function::joiner}},
      {"namespace", {Function::make_namespace}},
      {"raise_exception", {Function::raise_exception}},
      {"range", {Function::range}},
      {"strftime_now", {Function::strftime_now}}};
  return kFunctions;
}

}  // namespace hadal::draf::jinja
