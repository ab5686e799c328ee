#include "hadal/core/error.h"
#include "hadal/core/utf8.h"
#include "hadal/draf/chat/methods.h"
#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/print.h"
#include "hadal/draf/chat/python_text.h"

#include <algorithm>

namespace hadal::draf::jinja {
namespace {

std::string object_name(const Value& value) {
  if (value.is_none()) return "None";
  return concat(type_name(value), " object");
}

Value missing(const Value& value, const std::string& name) {
  return make_undefined(concat("'", object_name(value), "' has no attribute '", name, "'"));
}

void refuse_undefined(const Value& value) {
  if (value.is_undefined()) throw Failure{*std::get<Undefined>(value.data).why};
}

Value loop_attribute(const Loop& loop, const std::string& name) {
  const Values& items = loop.items->items;
  const auto count = static_cast<std::int64_t>(items.size());
  const auto index = static_cast<std::int64_t>(loop.index);
  if (name == "index") return {index + 1};
  if (name == "index0") return {index};
  if (name == "revindex") return {count - index};
  if (name == "revindex0") return {count - index - 1};
  if (name == "first") return {index == 0};
  if (name == "last") return {index + 1 == count};
  if (name == "length") return {count};
  // Of recursive loops, which are not supported.
  if (name == "depth") return {std::int64_t{1}};
  if (name == "depth0") return {std::int64_t{0}};
  if (name == "previtem") {
    return index > 0 ? items[loop.index - 1] : make_undefined("there is no previous item");
  }
  if (name == "nextitem") {
    return index + 1 < count ? items[loop.index + 1] : make_undefined("there is no next item");
  }
  return make_undefined(concat("'loop' has no attribute '", name, "'"));
}

/// Python's slice.indices(): from `begin` in steps up to `end`, which it does not reach.
struct Range {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t step;
};

std::int64_t index_of(const Value& value) {
  refuse_undefined(value);
  if (const auto integer = as_integer(value)) return *integer;
  throw Failure{"slice indices must be integers or None"};
}

Range resolve(const Value& begin, const Value& end, const Value& step, std::int64_t size) {
  Range range{0, size, step.is_none() ? 1 : index_of(step)};
  if (range.step == 0) throw Failure{"slice step cannot be zero"};
  // No step is longer than the sequence, and the lowest integer has no opposite.
  range.step = std::clamp(range.step, -size - 1, size + 1);
  const bool down = range.step < 0;
  const std::int64_t low = down ? -1 : 0;
  const std::int64_t high = down ? size - 1 : size;
  const auto place = [&](const Value& value, std::int64_t otherwise) {
    if (value.is_none()) return otherwise;
    const std::int64_t index = index_of(value);
    return std::clamp(index < 0 ? std::max(index, -size - 1) + size : index, low, high);
  };
  range.begin = place(begin, down ? high : low);
  range.end = place(end, down ? low : high);
  return range;
}

template <class Sequence>
Sequence cut(const Sequence& all, const Range& range) {
  Sequence part;
  for (std::int64_t i = range.begin; range.step > 0 ? i < range.end : i > range.end;
       i += range.step) {
    part.push_back(all[static_cast<std::size_t>(i)]);
  }
  return part;
}

const Value* item_at(const Values& items, const Value& index) {
  auto at = as_integer(index);
  const auto size = static_cast<std::int64_t>(items.size());
  if (!at || *at < -size || *at >= size) return nullptr;
  return &items[static_cast<std::size_t>(*at < 0 ? *at + size : *at)];
}

/// value[index], or null where Python throws.
std::optional<Value> find_item(Budget& budget, const Value& value, const Value& index) {
  if (const Dict* dict = value.dict()) {
    const bool can_be_key = !index.dict() && !index.is_undefined() &&
                            (!index.list() || index.list()->kind == Sequence::tuple);
    const Value* found = can_be_key ? dict->find(index) : nullptr;
    return found ? std::optional(*found) : std::nullopt;
  }
  if (const List* list = value.list(); list && list->kind <= Sequence::range) {
    const Value* found = item_at(list->items, index);
    return found ? std::optional(*found) : std::nullopt;
  }
  if (const Text* text = value.text(); text && as_integer(index)) {
    budget.step(text->text.size() / 64);
    const std::int64_t size = count_code_points(text->text);
    std::int64_t at = *as_integer(index);
    if (at < -size || at >= size) return std::nullopt;
    if (at < 0) at += size;
    std::size_t byte = 0;
    for (; at > 0; --at) byte += utf8_length(text->text[byte]);
    return budget.text(text->text.substr(byte, utf8_length(text->text[byte])), text->markup);
  }
  return std::nullopt;
}

}  // namespace

Value get_attribute(Budget& budget, const Value& value, const std::string& name) {
  refuse_undefined(value);
  if (const Loop* loop = value.loop(); loop && name != "cycle") return loop_attribute(*loop, name);
  if (const Namespace* space = value.space()) {
    const Value* found = space->attributes.find(name);
    return found ? *found : missing(value, name);
  }
  switch (method_kind(value, name)) {
    case MethodKind::safe: {
      const Method method{value, name};
      const Value bound{std::make_shared<const Method>(method)};
      if (depth_of(bound) > kMostDepth) throw Failure{"a value is nested too deeply"};
      budget.take_bytes(64);
      return bound;
    }
    case MethodKind::changing:
      return make_undefined(
          concat("access to attribute '", name, "' of '", type_name(value), "' object is unsafe."));
    case MethodKind::none:
      break;
  }
  if (const Dict* dict = value.dict()) {
    if (const Value* found = dict->find(name)) return *found;
  }
  return missing(value, name);
}

Value get_item(Budget& budget, const Value& value, const Value& index) {
  refuse_undefined(value);
  if (const auto found = find_item(budget, value, index)) return *found;
  if (const Text* name = index.text()) return get_attribute(budget, value, name->text);
  if (as_integer(index) && (value.list() || value.text())) {
    return make_undefined(concat(object_name(value), " has no element ", *as_integer(index)));
  }
  return make_undefined(concat("'", object_name(value), "' has no element ", to_repr(index, 1000)));
}

Value get_slice(Budget& budget, const Value& value, const Value& begin, const Value& end,
                const Value& step) {
  refuse_undefined(value);
  if (const Text* text = value.text()) {
    budget.take_bytes(text->text.size() * 5);
    const std::u32string points = code_points(text->text);
    const Range range = resolve(begin, end, step, static_cast<std::int64_t>(points.size()));
    return budget.text(utf8(cut(points, range)), text->markup);
  }
  if (const List* list = value.list(); list && list->kind <= Sequence::range) {
    const Range range = resolve(begin, end, step, static_cast<std::int64_t>(list->items.size()));
    budget.take_bytes(list->items.size() * sizeof(Value));
    // A slice of a range is one; as a tuple it differs in print alone.
    return budget.list(cut(list->items, range),
                       list->kind == Sequence::range ? Sequence::tuple : list->kind);
  }
  throw Failure{concat("'", type_name(value), "' object is not subscriptable")};
}

}  // namespace hadal::draf::jinja
