#include "hadal/core/error.h"
#include "hadal/core/utf8.h"
#include "hadal/draf/chat/operators.h"

#include <algorithm>

namespace hadal::draf::jinja {
namespace {

[[noreturn]] void refuse_undefined(const Value& value) {
  throw Failure{*std::get<Undefined>(value.data).why};
}

bool equal_lists(Budget& budget, const List& a, const List& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.kind == Sequence::generator || a.items.size() != b.items.size()) {
    return false;
  }
  return std::equal(a.items.begin(), a.items.end(), b.items.begin(),
                    [&](const Value& x, const Value& y) { return equal(budget, x, y); });
}

bool equal_dicts(Budget& budget, const Dict& a, const Dict& b) {
  if (&a == &b) return true;
  if (a.items.size() != b.items.size()) return false;
  return std::all_of(a.items.begin(), a.items.end(), [&](const auto& item) {
    const Value* other = b.find(item.first);
    return other && equal(budget, item.second, *other);
  });
}

/// -1, 0 or 1, for numbers of any two types.
int order_numbers(const Value& a, const Value& b) {
  const auto sign = [](auto x, auto y) { return x < y ? -1 : x == y ? 0 : 1; };
  const auto x = as_integer(a);
  const auto y = as_integer(b);
  return x && y ? sign(*x, *y) : sign(*as_number(a), *as_number(b));
}

}  // namespace

bool equal(Budget& budget, const Value& a, const Value& b) {
  budget.step();
  if (as_number(a) && as_number(b)) return order_numbers(a, b) == 0;
  if (a.data.index() != b.data.index()) return false;
  if (const Text* text = a.text()) {
    budget.step(text->text.size() / 256);
    return text->text == b.text()->text;
  }
  if (const List* list = a.list()) return equal_lists(budget, *list, *b.list());
  if (const Dict* dict = a.dict()) return equal_dicts(budget, *dict, *b.dict());
  if (a.is_undefined() || a.is_none()) return true;
  if (a.space()) return a.space() == b.space();
  if (a.macro()) return a.macro() == b.macro();
  if (a.loop()) return a.loop() == b.loop();
  if (a.cycler()) return a.cycler() == b.cycler();
  if (const Method* method = a.method()) {
    return method->name == b.method()->name && equal(budget, method->self, b.method()->self);
  }
  return std::get<Function>(a.data) == std::get<Function>(b.data);
}

bool less(Budget& budget, const Value& a, const Value& b) {
  budget.step();
  if (as_number(a) && as_number(b)) return order_numbers(a, b) < 0;
  if (a.text() && b.text()) {
    budget.step(a.text()->text.size() / 256);
    // The order of UTF-8's bytes is that of the code points.
    return a.text()->text < b.text()->text;
  }
  const List* x = a.list();
  const List* y = b.list();
  if (x && y && x->kind == y->kind && x->kind <= Sequence::tuple) {
    for (std::size_t i = 0; i < std::min(x->items.size(), y->items.size()); ++i) {
      if (!equal(budget, x->items[i], y->items[i])) return less(budget, x->items[i], y->items[i]);
    }
    return x->items.size() < y->items.size();
  }
  if (a.is_undefined()) refuse_undefined(a);
  if (b.is_undefined()) refuse_undefined(b);
  throw Failure{concat("'<' not supported between instances of '", type_name(a), "' and '",
                       type_name(b), "'")};
}

bool contains(Budget& budget, const Value& all, const Value& one) {
  if (const Text* text = all.text()) {
    const Text* part = one.text();
    if (!part) {
      throw Failure{concat("'in <string>' requires string as left operand, not ", type_name(one))};
    }
    budget.step(text->text.size() / 64);
    return text->text.find(part->text) != std::string::npos;
  }
  if (const Dict* dict = all.dict()) return dict->find(one) != nullptr;
  if (!all.list() && !all.is_undefined() && !all.loop()) {
    throw Failure{concat("argument of type '", type_name(all), "' is not iterable")};
  }
  const auto items = iterate(budget, all);
  return std::any_of(items->items.begin(), items->items.end(),
                     [&](const Value& item) { return equal(budget, item, one); });
}

bool compare(Budget& budget, std::string_view op, const Value& a, const Value& b) {
  if (op == "==") return equal(budget, a, b);
  if (op == "!=") return !equal(budget, a, b);
  if (op == "in") return contains(budget, b, a);
  if (op == "not in") return !contains(budget, b, a);
  if (op == "<") return less(budget, a, b);
  if (op == ">") return less(budget, b, a);
  // A NaN is neither less nor equal.
  const Value& small = op == "<=" ? a : b;
  const Value& large = op == "<=" ? b : a;
  return less(budget, small, large) || equal(budget, small, large);
}

std::shared_ptr<const List> iterate(Budget& budget, const Value& value) {
  if (const auto* shared = std::get_if<std::shared_ptr<const List>>(&value.data)) {
    if ((*shared)->kind != Sequence::generator) return *shared;
    if (!std::exchange((*shared)->used, true)) return *shared;
    return std::make_shared<const List>();
  }
  Values items;
  if (const Text* text = value.text()) {
    for (std::size_t at = 0; at < text->text.size(); at += utf8_length(text->text[at])) {
      items.push_back(
          budget.text(text->text.substr(at, utf8_length(text->text[at])), text->markup));
    }
  } else if (const Dict* dict = value.dict()) {
    for (const auto& [key, item] : dict->items) items.push_back(key);
  } else if (!value.is_undefined()) {
    throw Failure{concat("'", type_name(value), "' object is not iterable")};
  }
  const Value list = budget.list(std::move(items));
  return std::get<std::shared_ptr<const List>>(list.data);
}

}  // namespace hadal::draf::jinja
