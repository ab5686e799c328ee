#include "hadal/core/error.h"
#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/python_text.h"

#include <algorithm>
#include <cmath>

namespace hadal::draf::jinja {
namespace {

[[noreturn]] void refuse(std::string_view op, const Value& a, const Value& b) {
  for (const Value* value : {&a, &b}) {
    if (value->is_undefined()) throw Failure{*std::get<Undefined>(value->data).why};
  }
  if (op == "+" && a.text()) {
    throw Failure{concat("can only concatenate str (not \"", type_name(b), "\") to str")};
  }
  throw Failure{concat("unsupported operand type(s) for ", op, ": '", type_name(a), "' and '",
                       type_name(b), "'")};
}

std::int64_t checked(bool overflows, std::int64_t result) {
  if (overflows) throw Failure{"an integer is beyond 64 bits"};
  return result;
}

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  bool overflows = false;
  // Beyond 63 products only -1, 0 and 1 stay within 64 bits, and those are periodic.
  if (exponent > 64 && base >= -1 && base <= 1) exponent = 64 + exponent % 2;
  for (std::int64_t i = 0; i < exponent && !overflows; ++i) {
    overflows = __builtin_mul_overflow(result, base, &result);
  }
  return checked(overflows, result);
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  if (b == -1) return checked(__builtin_sub_overflow(std::int64_t{0}, a, &a), a);
  const std::int64_t quotient = a / b;
  return quotient - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

std::int64_t modulo(std::int64_t a, std::int64_t b) {
  if (b == -1) return 0;
  const std::int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double modulo(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

void refuse_zero(bool is_zero, std::string_view what) {
  if (is_zero) throw Failure{std::string(what)};
}

Value calculate_integers(std::string_view op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (op == "+") return {checked(__builtin_add_overflow(a, b, &result), result)};
  if (op == "-") return {checked(__builtin_sub_overflow(a, b, &result), result)};
  if (op == "*") return {checked(__builtin_mul_overflow(a, b, &result), result)};
  if (op == "**") {
    if (b >= 0) return {power(a, b)};
    refuse_zero(a == 0, "0.0 cannot be raised to a negative power");
    return {std::pow(static_cast<double>(a), static_cast<double>(b))};
  }
  refuse_zero(b == 0, op == "/" ? "division by zero" : "integer division or modulo by zero");
  if (op == "/") return {static_cast<double>(a) / static_cast<double>(b)};
  return {op == "//" ? floor_divide(a, b) : modulo(a, b)};
}

Value calculate_numbers(std::string_view op, double a, double b) {
  if (op == "+") return {a + b};
  if (op == "-") return {a - b};
  if (op == "*") return {a * b};
  if (op == "**") {
    refuse_zero(a == 0 && b < 0, "0.0 cannot be raised to a negative power");
    if (a < 0 && std::trunc(b) != b) throw Failure{"complex numbers are not known"};
    return {std::pow(a, b)};
  }
  refuse_zero(b == 0, op == "/" ? "float division by zero" : "float floor division by zero");
  if (op == "/") return {a / b};
  if (op == "%") return {modulo(a, b)};
  return {std::floor((a - modulo(a, b)) / b + 0.5)};
}

Value repeat(Budget& budget, const Value& sequence, std::int64_t count) {
  const auto times = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
  const std::size_t size = sequence.text() ? sequence.text()->text.size()
                                           : sequence.list()->items.size() * sizeof(Value);
  if (size > 0 && times > budget.bytes_left() / size) budget.take_bytes(budget.bytes_left() + 1);
  if (const Text* text = sequence.text()) {
    std::string repeated;
    repeated.reserve(size * times);
    for (std::size_t i = 0; size > 0 && i < times; ++i) repeated += text->text;
    return budget.text(std::move(repeated), text->markup);
  }
  Values items;
  const Values& once = sequence.list()->items;
  for (std::size_t i = 0; size > 0 && i < times; ++i) {
    items.insert(items.end(), once.begin(), once.end());
  }
  return budget.list(std::move(items), sequence.list()->kind);
}

bool is_repeatable(const Value& value) {
  return value.text() || (value.list() && value.list()->kind <= Sequence::tuple);
}

Value add_texts(Budget& budget, const Text& a, const Text& b) {
  // What is not markup yet is escaped when it meets some.
  const bool markup = a.markup || b.markup;
  const auto part = [&](const Text& text) {
    return markup && !text.markup ? escape_html(text.text) : text.text;
  };
  budget.take_bytes(a.text.size());
  return budget.text(markup ? part(a) + part(b) : a.text + b.text, markup);
}

}  // namespace

Value calculate(Budget& budget, std::string_view op, const Value& a, const Value& b) {
  const auto x = as_integer(a);
  const auto y = as_integer(b);
  if (x && y) return calculate_integers(op, *x, *y);
  const auto f = as_number(a);
  const auto g = as_number(b);
  if (f && g) return calculate_numbers(op, *f, *g);
  if (op == "+" && a.text() && b.text()) return add_texts(budget, *a.text(), *b.text());
  const bool adds_lists =
      op == "+" && a.list() && b.list() && a.list()->kind == b.list()->kind && is_repeatable(a);
  if (adds_lists) {
    budget.take_bytes(a.list()->items.size() * sizeof(Value));
    Values items = a.list()->items;
    items.insert(items.end(), b.list()->items.begin(), b.list()->items.end());
    return budget.list(std::move(items), a.list()->kind);
  }
  if (op == "*" && is_repeatable(a) && y) return repeat(budget, a, *y);
  if (op == "*" && is_repeatable(b) && x) return repeat(budget, b, *x);
  if (op == "%" && a.text() && !b.is_undefined()) return format_percent(budget, a.text()->text, b);
  refuse(op, a, b);
}

Value negate(const Value& value) {
  if (const auto integer = as_integer(value)) return calculate_integers("-", 0, *integer);
  if (const auto number = as_number(value)) return {-*number};
  if (value.is_undefined()) throw Failure{*std::get<Undefined>(value.data).why};
  throw Failure{concat("bad operand type for unary -: '", type_name(value), "'")};
}

}  // namespace hadal::draf::jinja
