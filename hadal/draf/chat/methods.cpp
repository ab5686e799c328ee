#include "hadal/draf/chat/methods.h"

#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/text_methods.h"

#include <algorithm>
#include <array>

namespace hadal::draf::jinja {
namespace {

template <std::size_t count>
bool has(const std::array<std::string_view, count>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 5> kDict = {"copy", "get", "items", "keys", "values"};
constexpr std::array<std::string_view, 6> kDictChanging = {"clear",   "fromkeys",   "pop",
                                                           "popitem", "setdefault", "update"};
constexpr std::array<std::string_view, 2> kSequence = {"count", "index"};
constexpr std::array<std::string_view, 8> kListChanging = {"append", "clear",  "extend",  "insert",
                                                           "pop",    "remove", "reverse", "sort"};

Value dict_view(Budget& budget, const Dict& dict, Sequence kind) {
  Values items;
  items.reserve(dict.items.size());
  for (const auto& [key, value] : dict.items) {
    items.push_back(kind == Sequence::keys     ? key
                    : kind == Sequence::values ? value
                                               : budget.list({key, value}, Sequence::tuple));
  }
  return budget.list(std::move(items), kind);
}

Value call_dict_method(Budget& budget, const Method& method, const Arguments& arguments) {
  const Dict& dict = *method.self.dict();
  if (method.name == "get") {
    const Bound bound("get()", arguments, {"key", "default"});
    const Value* found = dict.find(bound.value(0));
    return found ? *found : bound.value(1, {None{}});
  }
  const Bound bound(method.name + "()", arguments, {});
  if (method.name == "items") return dict_view(budget, dict, Sequence::items);
  if (method.name == "keys") return dict_view(budget, dict, Sequence::keys);
  if (method.name == "values") return dict_view(budget, dict, Sequence::values);
  return method.self;  // copy(): nothing changes a dict
}

Value call_list_method(Budget& budget, const Method& method, const Arguments& arguments) {
  const Values& items = method.self.list()->items;
  if (method.name == "copy") return method.self;
  const Bound bound(method.name + "()", arguments, {"value"});
  const auto is_equal = [&](const Value& item) { return equal(budget, item, bound.value(0)); };
  if (method.name == "count") {
    return {static_cast<std::int64_t>(std::count_if(items.begin(), items.end(), is_equal))};
  }
  const auto found = std::find_if(items.begin(), items.end(), is_equal);
  if (found == items.end()) throw Failure{"the value is not in the list"};
  return {static_cast<std::int64_t>(found - items.begin())};
}

Value call_cycler_method(const Method& method) {
  Cycler& cycler = *method.self.cycler();
  if (method.name == "reset") {
    cycler.next = 0;
    return {None{}};
  }
  const Value& now = cycler.items[cycler.next];
  cycler.next = (cycler.next + 1) % cycler.items.size();
  return now;
}

Value call_loop_method(const Loop& loop, const Arguments& arguments) {
  if (arguments.values.empty()) throw Failure{"no items for cycling given"};
  return arguments.values[loop.index % arguments.values.size()];
}

}  // namespace

MethodKind method_kind(const Value& value, const std::string& name) {
  if (value.text()) return is_text_method(name) ? MethodKind::safe : MethodKind::none;
  if (value.loop()) return name == "cycle" ? MethodKind::safe : MethodKind::none;
  if (const Cycler* cycler = value.cycler()) {
    return !cycler->joiner && (name == "next" || name == "reset") ? MethodKind::safe
                                                                  : MethodKind::none;
  }
  if (value.dict()) {
    return has(kDict, name)           ? MethodKind::safe
           : has(kDictChanging, name) ? MethodKind::changing
                                      : MethodKind::none;
  }
  const List* list = value.list();
  if (!list || list->kind > Sequence::range) return MethodKind::none;
  if (has(kSequence, name)) return MethodKind::safe;
  if (list->kind != Sequence::list) return MethodKind::none;
  return name == "copy"             ? MethodKind::safe
         : has(kListChanging, name) ? MethodKind::changing
                                    : MethodKind::none;
}

Value call_method(Budget& budget, const Method& method, const Arguments& arguments) {
  if (method.self.text()) return call_text_method(budget, method, arguments);
  if (method.self.dict()) return call_dict_method(budget, method, arguments);
  if (method.self.list()) return call_list_method(budget, method, arguments);
  if (method.self.cycler()) return call_cycler_method(method);
  return call_loop_method(*method.self.loop(), arguments);
}

}  // namespace hadal::draf::jinja
