#include "hadal/draf/chat/filters.h"
#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/parser.h"
#include "hadal/draf/chat/print.h"
#include "hadal/draf/chat/python_text.h"
#include "hadal/draf/chat/text_methods.h"

#include <algorithm>

namespace hadal::draf::jinja {
namespace {

Value filter_default(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound("default", arguments, {"default_value", "boolean"});
  const bool is_missing = value.is_undefined() || (bound.flag(1) && !is_true(value));
  return is_missing ? bound.value(0, make_text("")) : value;
}

Value filter_length(Interpreter& interpreter, const Value& value, const Arguments&) {
  if (const Text* text = value.text()) {
    interpreter.budget().step(text->text.size() / 64);
    return {count_code_points(text->text)};
  }
  if (const Dict* dict = value.dict()) return {static_cast<std::int64_t>(dict->items.size())};
  const List* list = value.list();
  if (list && list->kind != Sequence::generator) {
    return {static_cast<std::int64_t>(list->items.size())};
  }
  if (value.is_undefined()) return {std::int64_t{0}};
  throw Failure{concat("object of type '", type_name(value), "' has no len()")};
}

Value filter_list(Interpreter& interpreter, const Value& value, const Arguments&) {
  return interpreter.budget().list(iterate(interpreter.budget(), value)->items);
}

Value filter_first(Interpreter& interpreter, const Value& value, const Arguments&) {
  const auto items = iterate(interpreter.budget(), value);
  return items->items.empty() ? make_undefined("No first item, sequence was empty.")
                              : items->items.front();
}

Value filter_last(Interpreter& interpreter, const Value& value, const Arguments&) {
  if (value.list() && value.list()->kind == Sequence::generator) {
    throw Failure{"'generator' object is not reversible"};
  }
  const auto items = iterate(interpreter.budget(), value);
  return items->items.empty() ? make_undefined("No last item, sequence was empty.")
                              : items->items.back();
}

Value filter_items(Interpreter& interpreter, const Value& value, const Arguments&) {
  Values items;
  if (!value.is_undefined()) {
    if (!value.dict()) throw Failure{"Can only get item pairs from a mapping."};
    for (const auto& [key, item] : value.dict()->items) {
      items.push_back(interpreter.budget().list({key, item}, Sequence::tuple));
    }
  }
  return interpreter.budget().list(std::move(items), Sequence::generator);
}

Value filter_join(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("join", arguments, {"d", "attribute"});
  Budget& budget = interpreter.budget();
  Values texts;
  // Held by a name: C++20 ends a temporary before the loop.
  const auto held = iterate(budget, value);
  for (const Value& item : held->items) {
    const Value* path = bound.find(1);
    const Value part = path && !path->is_none() ? follow_path(budget, item, *path) : item;
    texts.push_back(budget.text(to_text(part, budget.bytes_left())));
  }
  const Value separator = bound.value(0, make_text(""));
  return join_texts(budget, to_text(separator, budget.bytes_left()), texts);
}

Value filter_reverse(Interpreter& interpreter, const Value& value, const Arguments&) {
  Budget& budget = interpreter.budget();
  if (value.text()) return get_slice(budget, value, {None{}}, {None{}}, {std::int64_t{-1}});
  Values items = iterate(budget, value)->items;
  std::reverse(items.begin(), items.end());
  return budget.list(std::move(items), Sequence::generator);
}

/// Sorted by the key of each, which does not change where keys are equal.
Values sorted(Interpreter& interpreter, std::vector<std::pair<Value, Value>> keyed, bool reverse) {
  Budget& budget = interpreter.budget();
  budget.take_bytes(keyed.size() * sizeof(Value) * 4);
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    return reverse ? less(budget, b.first, a.first) : less(budget, a.first, b.first);
  });
  Values items;
  for (auto& [key, item] : keyed) items.push_back(std::move(item));
  return items;
}

Value filter_sort(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  Budget& budget = interpreter.budget();
  std::vector<std::pair<Value, Value>> keyed;
  // Held by a name: C++20 ends a temporary before the loop.
  const auto held = iterate(budget, value);
  for (const Value& item : held->items) {
    keyed.emplace_back(comparison_key(budget, item, bound.find(2), bound.flag(1)), item);
  }
  return budget.list(sorted(interpreter, std::move(keyed), bound.flag(0)));
}

Value filter_dictsort(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  Budget& budget = interpreter.budget();
  const std::string by = bound.text(1, "key");
  if (by != "key" && by != "value") {
    throw Failure{"You can only sort by either \"key\" or \"value\""};
  }
  if (!value.dict()) {
    if (value.is_undefined()) throw Failure{*std::get<Undefined>(value.data).why};
    throw Failure{concat("dictsort: expected a dict, got ", type_name(value))};
  }
  std::vector<std::pair<Value, Value>> keyed;
  for (const auto& [key, item] : value.dict()->items) {
    keyed.emplace_back(comparison_key(budget, by == "key" ? key : item, nullptr, bound.flag(0)),
                       budget.list({key, item}, Sequence::tuple));
  }
  return budget.list(sorted(interpreter, std::move(keyed), bound.flag(2)));
}

Value filter_unique(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("unique", arguments, {"case_sensitive", "attribute"});
  Budget& budget = interpreter.budget();
  Dict seen;
  Values items;
  // Held by a name: C++20 ends a temporary before the loop.
  const auto held = iterate(budget, value);
  for (const Value& item : held->items) {
    const Value key = comparison_key(budget, item, bound.find(1), bound.flag(0));
    budget.take_bytes(128);
    if (seen.find(key)) continue;
    seen.set(key, {None{}});
    items.push_back(item);
  }
  return budget.list(std::move(items), Sequence::generator);
}

template <bool takes_less>
Value filter_extreme(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound(takes_less ? "min" : "max", arguments, {"case_sensitive", "attribute"});
  Budget& budget = interpreter.budget();
  const auto items = iterate(budget, value);
  if (items->items.empty()) return make_undefined("No aggregated item, sequence was empty.");
  const auto key = [&](const Value& item) {
    return comparison_key(budget, item, bound.find(1), bound.flag(0));
  };
  const Value* best = &items->items[0];
  for (const Value& item : items->items) {
    const bool is_better =
        takes_less ? less(budget, key(item), key(*best)) : less(budget, key(*best), key(item));
    if (is_better) best = &item;
  }
  return *best;
}

Value filter_sum(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("sum", arguments, {"attribute", "start"});
  Budget& budget = interpreter.budget();
  Value sum = bound.value(1, {std::int64_t{0}});
  if (sum.text()) throw Failure{"sum() can't sum strings"};
  // Held by a name: C++20 ends a temporary before the loop.
  const auto held = iterate(budget, value);
  for (const Value& item : held->items) {
    const Value* path = bound.find(0);
    sum = calculate(budget, "+", sum,
                    path && !path->is_none() ? follow_path(budget, item, *path) : item);
  }
  return sum;
}

Value filter_batch(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("batch", arguments, {"linecount", "fill_with"});
  Budget& budget = interpreter.budget();
  const std::int64_t size = bound.integer(0);
  if (size < 1) throw Failure{"batch: expected a positive size"};
  Values batches;
  Values batch;
  const auto flush = [&] { batches.push_back(budget.list(std::exchange(batch, {}))); };
  // Held by a name: C++20 ends a temporary before the loop.
  const auto held = iterate(budget, value);
  for (const Value& item : held->items) {
    if (static_cast<std::int64_t>(batch.size()) == size) flush();
    batch.push_back(item);
  }
  if (!batch.empty()) {
    if (const Value* fill = bound.find(1); fill && !fill->is_none()) {
      budget.take_bytes(static_cast<std::size_t>(size));
      while (static_cast<std::int64_t>(batch.size()) < size) {
        budget.take_bytes(sizeof(Value));
        batch.push_back(*fill);
      }
    }
    flush();
  }
  return budget.list(std::move(batches), Sequence::generator);
}

Value filter_attribute(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("attr", arguments, {"name"});
  // Attributes alone, never the members of a dict.
  if (value.dict()) return make_undefined("'dict object' has no attribute '" + bound.text(0) + "'");
  return get_attribute(interpreter.budget(), value, bound.text(0));
}

Value filter_map(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Budget& budget = interpreter.budget();
  const bool takes_member = arguments.values.empty();
  const Bound member("map", takes_member ? arguments : Arguments{}, {"attribute", "default"});
  if (takes_member && !member.find(0)) throw Failure{"map requires a filter argument"};
  Arguments rest = arguments;
  std::string name;
  if (!takes_member) {
    name = to_text(rest.values[0], 1000);
    rest.values.erase(rest.values.begin());
  }
  Values items;
  // Held by a name: C++20 ends a temporary before the loop.
  const auto held = iterate(budget, value);
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
  // Held by a name: C++20 ends a temporary before the loop.
  const auto held = iterate(budget, value);
  for (const Value& item : held->items) {
    const Value tested = of_member ? follow_path(budget, item, path) : item;
    const bool holds = test.empty() ? is_true(tested) : interpreter.apply_test(test, tested, rest);
    if (holds == wanted) items.push_back(item);
  }
  return budget.list(std::move(items), Sequence::generator);
}

constexpr NamedFilter kFilters[] = {
    {"attr", filter_attribute},
    {"batch", filter_batch},
    {"count", filter_length},
    {"d", filter_default},
    {"default", filter_default},
    {"dictsort", filter_dictsort},
    {"first", filter_first},
    {"items", filter_items},
    {"join", filter_join},
    {"last", filter_last},
    {"length", filter_length},
    {"list", filter_list},
    {"map", filter_map},
    {"max", filter_extreme<false>},
    {"min", filter_extreme<true>},
    {"reject", filter_select<false, false>},
    {"rejectattr", filter_select<false, true>},
    {"reverse", filter_reverse},
    {"select", filter_select<true, false>},
    {"selectattr", filter_select<true, true>},
    {"sort", filter_sort},
    {"sum", filter_sum},
    {"unique", filter_unique},
};

}  // namespace

Filter find_sequence_filter(std::string_view name) {
  const auto found = std::find_if(std::begin(kFilters), std::end(kFilters),
                                  [&](const NamedFilter& filter) { return filter.first == name; });
  return found == std::end(kFilters) ? nullptr : found->second;
}

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

Value comparison_key(Budget& budget, const Value& value, const Value* path, bool with_case) {
  const Value key = path && !path->is_none() ? follow_path(budget, value, *path) : value;
  if (with_case || !key.text()) return key;
  budget.take_bytes(key.text()->text.size() * 4);
  return budget.text(lower(key.text()->text));
}

bool is_filter(std::string_view name) {
  return find_text_filter(name) || find_sequence_filter(name);
}

Value Interpreter::apply_filter(const std::string& name, const Value& value,
                                const Arguments& arguments) {
  const Filter text_filter = find_text_filter(name);
  const Filter filter = text_filter ? text_filter : find_sequence_filter(name);
  if (!filter) throw Failure{"No filter named '" + name + "'."};
  budget_.step();
  return filter(*this, value, arguments);
}

}  // namespace hadal::draf::jinja
