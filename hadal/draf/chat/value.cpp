#include "hadal/draf/chat/value.h"

#include "hadal/core/error.h"
#include "hadal/core/utf8.h"
#include "hadal/draf/chat/print.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hadal::draf::jinja {
namespace {

int checked_depth(int depth) {
  if (depth > kMostDepth)
    throw Failure{concat("a value is nested more than ", kMostDepth, " deep")};
  return depth;
}

/// The same for keys that Python calls equal.
std::string hash_key(const Value& key) {
  if (const Text* text = key.text()) return "s" + text->text;
  if (key.is_none()) return "N";
  if (const auto integer = as_integer(key)) return "n" + std::to_string(*integer);
  if (const double* number = std::get_if<double>(&key.data)) {
    const bool whole = std::trunc(*number) == *number && std::abs(*number) < 9e15;
    return "n" + (whole ? std::to_string(static_cast<std::int64_t>(*number)) : float_text(*number));
  }
  const List* list = key.list();
  if (list && list->kind == Sequence::tuple) {
    std::string all = "t";
    for (const Value& item : list->items) {
      const std::string one = hash_key(item);
      all += std::to_string(one.size()) + ":" + one;
      // Tuples of the same tuples double at each level.
      if (all.size() > 1'000'000) throw Failure{"a key is longer than 1000000 bytes"};
    }
    return all;
  }
  throw Failure{concat("unhashable type: '", type_name(key), "'")};
}

}  // namespace

const Value* Dict::find(std::string_view key) const {
  const auto found = index.find("s" + std::string(key));
  return found == index.end() ? nullptr : &items[found->second].second;
}

const Value* Dict::find(const Value& key) const {
  const auto found = index.find(hash_key(key));
  return found == index.end() ? nullptr : &items[found->second].second;
}

void Dict::set(const Value& key, Value value) {
  depth = std::max({depth, 1 + depth_of(key), 1 + depth_of(value)});
  const auto [found, is_new] = index.emplace(hash_key(key), items.size());
  if (is_new) {
    items.emplace_back(key, std::move(value));
  } else {
    items[found->second].second = std::move(value);
  }
}

int depth_of(const Value& value) {
  if (const List* list = value.list()) return list->depth;
  if (const Dict* dict = value.dict()) return dict->depth;
  if (const Loop* loop = value.loop()) return 1 + loop->items->depth;
  if (const Method* method = value.method()) return 1 + depth_of(method->self);
  return 0;
}

Value make_text(std::string text, bool markup) {
  return {std::make_shared<const Text>(Text{std::move(text), markup})};
}

Value make_list(Values items, Sequence kind) {
  int depth = 1;
  for (const Value& item : items) depth = std::max(depth, 1 + depth_of(item));
  return {std::make_shared<const List>(List{std::move(items), kind, checked_depth(depth)})};
}

Value make_dict(Dict dict) {
  checked_depth(dict.depth);
  return {std::make_shared<const Dict>(std::move(dict))};
}

Value make_undefined(std::string why) {
  return {Undefined{std::make_shared<const std::string>(std::move(why))}};
}

Value from_json(const nlohmann::ordered_json& json, int depth) {
  using Type = nlohmann::json::value_t;
  checked_depth(depth);
  switch (json.type()) {
    case Type::boolean:
      return {json.get<bool>()};
    case Type::number_unsigned:
      if (json.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
        throw Failure{concat("the integer ", json.get<std::uint64_t>(), " is beyond 64 bits")};
      }
      return {json.get<std::int64_t>()};
    case Type::number_integer:
      return {json.get<std::int64_t>()};
    case Type::number_float:
      return {json.get<double>()};
    case Type::string: {
      const auto& text = json.get_ref<const std::string&>();
      if (find_invalid_utf8(text)) throw Failure{"a text of the conversation is not UTF-8"};
      return make_text(text);
    }
    case Type::array: {
      Values items;
      items.reserve(json.size());
      for (const auto& item : json) items.push_back(from_json(item, depth + 1));
      return make_list(std::move(items));
    }
    case Type::object: {
      Dict dict;
      for (const auto& [key, item] : json.items()) {
        if (find_invalid_utf8(key)) throw Failure{"a text of the conversation is not UTF-8"};
        dict.set(make_text(key), from_json(item, depth + 1));
      }
      return make_dict(std::move(dict));
    }
    default:
      return {None{}};
  }
}

std::string_view type_name(const Value& value) {
  constexpr std::string_view kSequences[] = {"list",      "tuple",       "range",     "generator",
                                             "dict_keys", "dict_values", "dict_items"};
  constexpr std::string_view kNames[] = {"Undefined",   "NoneType", "bool",   "int",       "float",
                                         "str",         "list",     "dict",   "Namespace", "Macro",
                                         "LoopContext", "method",   "Cycler", "function"};
  if (const List* list = value.list()) return kSequences[static_cast<int>(list->kind)];
  return kNames[value.data.index()];
}

bool is_true(const Value& value) {
  if (value.is_undefined() || value.is_none()) return false;
  if (const auto number = as_number(value)) return *number != 0;
  if (const Text* text = value.text()) return !text->text.empty();
  if (const Dict* dict = value.dict()) return !dict->items.empty();
  if (const Loop* loop = value.loop()) return !loop->items->items.empty();
  if (const List* list = value.list()) {
    return list->kind == Sequence::generator || !list->items.empty();
  }
  return true;
}

std::optional<std::int64_t> as_integer(const Value& value) {
  if (const bool* boolean = std::get_if<bool>(&value.data)) return *boolean ? 1 : 0;
  if (const auto* integer = std::get_if<std::int64_t>(&value.data)) return *integer;
  return std::nullopt;
}

std::optional<double> as_number(const Value& value) {
  if (const auto integer = as_integer(value)) return static_cast<double>(*integer);
  if (const double* number = std::get_if<double>(&value.data)) return *number;
  return std::nullopt;
}

}  // namespace hadal::draf::jinja
