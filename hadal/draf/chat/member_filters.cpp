#include "hadal/draf/chat/filters.h"
#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/print.h"
#include "hadal/draf/chat/python_text.h"

#include <algorithm>

namespace hadal::draf::jinja {
namespace {

Value filter_attribute(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("attr", arguments, {"name"});
  // Attributes alone, never the members of a dict.
  if (value.dict()) return make_undefined("'dict object' has no attribute '" + bound.text(0) + "'");
  return get_attribute(interpreter.budget(), value, bound.text(0));
}

/// These filters go through anything that Python calls false, such as None, as through no items.
std::shared_ptr<const List> iterate_if_true(Budget& budget, const Value& value) {
  return is_true(value) ? iterate(budget, value) : std::make_shared<const List>();
}

Value filter_map(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Budget& budget = interpreter.budget();
  const bool takes_member = arguments.values.empty();
  const Arguments none;
  const Bound member("map", takes_member ? arguments : none, {"attribute", "default"});
  if (takes_member && !member.find(0)) throw Failure{"map requires a filter argument"};
  Arguments rest = arguments;
  std::string name;
  if (!takes_member) {
    name = to_text(rest.values[0], 1000);
    rest.values.erase(rest.values.begin());
  }
  Values items;
  const auto held = iterate_if_true(budget, value);
  for (const Value& item : held->items) {
    Value mapped = takes_member ? follow_path(budget, item, member.value(0))
                                : interpreter.apply_filter(name, item, rest);
    if (takes_member && mapped.is_undefined() && member.find(1)) mapped = *member.find(1);
    items.push_back(std::move(mapped));
  }
  return budget.list(std::move(items), Sequence::generator);
}

template <bool wanted, bool of_member>
Value filter_select(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Budget& budget = interpreter.budget();
  Arguments rest = arguments;
  const auto take_first = [&] {
    if (rest.values.empty()) throw Failure{"Missing parameter for attribute name"};
    const Value first = rest.values[0];
    rest.values.erase(rest.values.begin());
    return first;
  };
  const Value path = of_member ? take_first() : Value{None{}};
  const std::string test = rest.values.empty() ? "" : to_text(take_first(), 1000);
  Values items;
  const auto held = iterate_if_true(budget, value);
  for (const Value& item : held->items) {
    const Value tested = of_member ? follow_path(budget, item, path) : item;
    const bool holds = test.empty() ? is_true(tested) : interpreter.apply_test(test, tested, rest);
    if (holds == wanted) items.push_back(item);
  }
  return budget.list(std::move(items), Sequence::generator);
}

constexpr NamedFilter kFilters[] = {
    {"attr", filter_attribute},
    {"map", filter_map},
    {"reject", filter_select<false, false>},
    {"rejectattr", filter_select<false, true>},
    {"select", filter_select<true, false>},
    {"selectattr", filter_select<true, true>},
};

Filter find_filter(std::string_view name) {
  const auto found = std::find_if(std::begin(kFilters), std::end(kFilters),
                                  [&](const NamedFilter& filter) { return filter.first == name; });
  if (found != std::end(kFilters)) return found->second;
  const Filter filter = find_text_filter(name);
  return filter ? filter : find_sequence_filter(name);
}

}  // namespace

Value follow_path(Budget& budget, Value value, const Value& path) {
  if (!path.text()) return get_item(budget, value, path);
  for (const std::string& part : split(path.text()->text, ".", -1)) {
    const bool is_index = is_class(part, "isdigit") && part.size() < 18;
    value =
        get_item(budget, value,
                 is_index ? Value{static_cast<std::int64_t>(std::stoll(part))} : make_text(part));
  }
  return value;
}

bool is_filter(std::string_view name) { return find_filter(name) != nullptr; }

Value Interpreter::apply_filter(const std::string& name, const Value& value,
                                const Arguments& arguments) {
  const Filter filter = find_filter(name);
  if (!filter) throw Failure{"No filter named '" + name + "'."};
  budget_.step();
  return filter(*this, value, arguments);
}

}  // namespace hadal::draf::jinja
