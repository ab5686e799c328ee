#include "hadal/draf/chat/interpreter.h"
#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/parser.h"
#include "hadal/draf/chat/print.h"
#include "hadal/draf/chat/python_text.h"

#include <algorithm>
#include <utility>

namespace hadal::draf::jinja {
namespace {

using Test = bool (*)(Budget&, const Value& value);

bool is_iterable(const Value& value) {
  return value.text() || value.list() || value.dict() || value.is_undefined() || value.loop();
}

bool is_sequence(const Value& value) {
  const List* list = value.list();
  return value.text() || value.dict() || (list && list->kind <= Sequence::range);
}

/// value % by == rest, of numbers.
bool has_rest(Budget& budget, const Value& value, const Value& by, std::int64_t rest) {
  return equal(budget, calculate(budget, "%", value, by), {rest});
}

bool is_odd(Budget& budget, const Value& value) {
  return has_rest(budget, value, {std::int64_t{2}}, 1);
}

bool is_even(Budget& budget, const Value& value) {
  return has_rest(budget, value, {std::int64_t{2}}, 0);
}

bool has_case(Budget& budget, const Value& value, std::string_view method) {
  return is_class(to_text(value, budget.bytes_left()), method);
}

template <class Type>
bool is_type(Budget&, const Value& value) {
  return value.is<Type>();
}

template <bool wanted>
bool is_boolean(Budget&, const Value& value) {
  const bool* boolean = std::get_if<bool>(&value.data);
  return boolean && *boolean == wanted;
}

constexpr std::pair<std::string_view, Test> kTests[] = {
    {"boolean", is_type<bool>},
    {"callable",
     [](Budget&, const Value& value) {
       return value.macro() || value.method() || value.is<Function>() ||
              (value.cycler() && value.cycler()->joiner);
     }},
    {"defined", [](Budget&, const Value& value) { return !value.is_undefined(); }},
    {"escaped", [](Budget&, const Value& value) { return value.text() && value.text()->markup; }},
    {"even", is_even},
    {"false", is_boolean<false>},
    {"float", is_type<double>},
    {"integer", is_type<std::int64_t>},
    {"iterable", [](Budget&, const Value& value) { return is_iterable(value); }},
    {"lower",
     [](Budget& budget, const Value& value) { return has_case(budget, value, "islower"); }},
    {"mapping", [](Budget&, const Value& value) { return value.dict() != nullptr; }},
    {"none", is_type<None>},
    {"number", [](Budget&, const Value& value) { return as_number(value).has_value(); }},
    {"odd", is_odd},
    {"sequence",
     [](Budget&, const Value& value) { return is_sequence(value) || value.is_undefined(); }},
    {"string", [](Budget&, const Value& value) { return value.text() != nullptr; }},
    {"true", is_boolean<true>},
    {"undefined", is_type<Undefined>},
    {"upper",
     [](Budget& budget, const Value& value) { return has_case(budget, value, "isupper"); }},
};

/// Tests with an argument that are operators, and which.
constexpr std::pair<std::string_view, std::string_view> kOperators[] = {
    {"!=", "!="},      {"<", "<"},        {"<=", "<="}, {"==", "=="},
    {">", ">"},        {">=", ">="},      {"eq", "=="}, {"ge", ">="},
    {"equalto", "=="}, {"gt", ">"},       {"in", "in"}, {"greaterthan", ">"},
    {"le", "<="},      {"lessthan", "<"}, {"lt", "<"},  {"ne", "!="},
};

template <class Table>
auto look_up(const Table& table, std::string_view name) -> decltype(&table[0].second) {
  for (const auto& entry : table) {
    if (entry.first == name) return &entry.second;
  }
  return nullptr;
}

/// Python's `is`: one object, or one of the values that there is one object of.
bool is_same(Budget& budget, const Value& a, const Value& b) {
  if (a.data.index() != b.data.index()) return false;
  if (a.list()) return a.list() == b.list();
  if (a.dict()) return a.dict() == b.dict();
  return equal(budget, a, b);
}

}  // namespace

bool is_test(std::string_view name) {
  return look_up(kTests, name) || look_up(kOperators, name) || name == "divisibleby" ||
         name == "sameas" || name == "filter" || name == "test";
}

bool Interpreter::apply_test(const std::string& name, const Value& value,
                             const Arguments& arguments) {
  budget_.step();
  if (const Test* test = look_up(kTests, name)) {
    const Bound bound(name, arguments, {});
    return (*test)(budget_, value);
  }
  const Bound bound(name, arguments, {"other"});
  if (const auto* op = look_up(kOperators, name)) {
    return compare(budget_, *op, value, bound.value(0));
  }
  if (name == "divisibleby") return has_rest(budget_, value, bound.value(0), 0);
  if (name == "sameas") return is_same(budget_, value, bound.value(0));
  if (name == "filter") return is_filter(to_text(value, budget_.bytes_left()));
  if (name == "test") return is_test(to_text(value, budget_.bytes_left()));
  throw Failure{"No test named '" + name + "'."};
}

}  // namespace hadal::draf::jinja
