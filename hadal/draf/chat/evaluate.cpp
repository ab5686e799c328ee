#include "hadal/draf/chat/interpreter.h"
#include "hadal/draf/chat/methods.h"
#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/print.h"

namespace hadal::draf::jinja {

using Kind = Expression::Kind;

Value Interpreter::evaluate(const Expression& expression, Scope& scope) {
  budget_.step();
  descend();
  line_ = expression.line;
  Value value = evaluate_node(expression, scope);
  --depth_;  // an exception ends the render
  return value;
}

Value Interpreter::evaluate_node(const Expression& expression, Scope& scope) {
  const auto first = [&] { return evaluate(*expression.items[0], scope); };
  switch (expression.kind) {
    case Kind::constant:
      return expression.value;
    case Kind::name:
      return evaluate_name(expression, scope);
    case Kind::list:
      return budget_.list(evaluate_all(expression.items, scope));
    case Kind::tuple:
      return budget_.list(evaluate_all(expression.items, scope), Sequence::tuple);
    case Kind::dict:
      return evaluate_dict(expression, scope);
    case Kind::attribute:
      return get_attribute(budget_, first(), expression.text);
    case Kind::item:
      return evaluate_item(expression, scope);
    case Kind::slice:
      throw Failure{"a slice in a tuple of indices"};
    case Kind::call: {
      const Value callee = first();
      const Arguments arguments = evaluate_arguments(expression, scope);
      line_ = expression.line;
      return call(callee, arguments);
    }
    case Kind::filter:
      return evaluate_filters(expression, {None{}}, scope);
    case Kind::test: {
      const Value value = first();
      return {apply_test(expression.text, value, evaluate_arguments(expression, scope))};
    }
    case Kind::negate:
      return negate(first());
    case Kind::plus: {
      const Value value = first();
      // +x is x - 0 in all but the sign of a zero.
      return as_number(value) ? value : negate(value);
    }
    case Kind::invert:
      return {!is_true(first())};
    case Kind::conjunction:
    case Kind::disjunction:
      return evaluate_logic(expression, scope);
    case Kind::arithmetic:
      return evaluate_arithmetic(expression, scope);
    case Kind::concatenation:
      return evaluate_concatenation(expression, scope);
    case Kind::comparison:
      return evaluate_comparison(expression, scope);
    case Kind::choice:
      return evaluate_choice(expression, scope);
  }
  return {None{}};
}

Value Interpreter::evaluate_name(const Expression& expression, const Scope& scope) {
  if (const Value* found = scope.find(expression.text)) return *found;
  const auto variable = variables_.find(expression.text);
  if (variable != variables_.end()) return variable->second;
  const auto function = functions().find(expression.text);
  if (function != functions().end()) return function->second;
  return make_undefined("'" + expression.text + "' is undefined");
}

Values Interpreter::evaluate_all(const std::vector<ExpressionPtr>& items, Scope& scope) {
  Values values;
  values.reserve(items.size());
  for (const ExpressionPtr& item : items) values.push_back(evaluate(*item, scope));
  return values;
}

Value Interpreter::evaluate_dict(const Expression& expression, Scope& scope) {
  Dict dict;
  for (std::size_t i = 0; i < expression.items.size(); i += 2) {
    const Value key = evaluate(*expression.items[i], scope);
    dict.set(key, evaluate(*expression.items[i + 1], scope));
  }
  return budget_.dict(std::move(dict));
}

Value Interpreter::evaluate_item(const Expression& expression, Scope& scope) {
  const Value value = evaluate(*expression.items[0], scope);
  const Expression& index = *expression.items[1];
  if (index.kind != Kind::slice) {
    const Value at = evaluate(index, scope);
    line_ = expression.line;
    return get_item(budget_, value, at);
  }
  Value parts[3] = {{None{}}, {None{}}, {None{}}};
  for (std::size_t i = 0; i < 3; ++i) {
    if (index.items[i]) parts[i] = evaluate(*index.items[i], scope);
  }
  line_ = expression.line;
  return get_slice(budget_, value, parts[0], parts[1], parts[2]);
}

Value Interpreter::evaluate_logic(const Expression& expression, Scope& scope) {
  const bool goes_on_if = expression.kind == Kind::conjunction;
  Value value{None{}};
  for (const ExpressionPtr& item : expression.items) {
    value = evaluate(*item, scope);
    if (is_true(value) != goes_on_if) break;
  }
  return value;
}

Value Interpreter::evaluate_arithmetic(const Expression& expression, Scope& scope) {
  Value value = evaluate(*expression.items[0], scope);
  for (std::size_t i = 0; i < expression.operators.size(); ++i) {
    const Value right = evaluate(*expression.items[i + 1], scope);
    line_ = expression.line;
    value = calculate(budget_, expression.operators[i], value, right);
  }
  return value;
}

Value Interpreter::evaluate_concatenation(const Expression& expression, Scope& scope) {
  std::string text;
  for (const ExpressionPtr& item : expression.items) {
    text += to_text(evaluate(*item, scope), budget_.bytes_left());
    if (text.size() > budget_.bytes_left()) budget_.take_bytes(text.size());
  }
  return budget_.text(std::move(text));
}

Value Interpreter::evaluate_comparison(const Expression& expression, Scope& scope) {
  Value left = evaluate(*expression.items[0], scope);
  for (std::size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = evaluate(*expression.items[i + 1], scope);
    line_ = expression.line;
    if (!compare(budget_, expression.operators[i], left, right)) return {false};
    left = std::move(right);
  }
  return {true};
}

Value Interpreter::evaluate_choice(const Expression& expression, Scope& scope) {
  if (is_true(evaluate(*expression.items[1], scope))) return evaluate(*expression.items[0], scope);
  if (expression.items[2]) return evaluate(*expression.items[2], scope);
  return make_undefined("the inline if-expression evaluated to false and has no else");
}

Arguments Interpreter::evaluate_arguments(const Expression& expression, Scope& scope) {
  Arguments arguments;
  for (const Expression::Argument& argument : expression.arguments) {
    Value value = evaluate(*argument.value, scope);
    if (argument.stars == 1) {
      // Held by a name: C++20 ends a temporary before the loop.
      const auto held = iterate(budget_, value);
      for (const Value& item : held->items) arguments.values.push_back(item);
    } else if (argument.stars == 2) {
      if (!value.dict()) throw Failure{"expected a dict after **"};
      for (const auto& [key, item] : value.dict()->items) {
        if (!key.text()) throw Failure{"keywords must be strings"};
        arguments.named.emplace_back(key.text()->text, item);
      }
    } else if (!argument.name.empty()) {
      arguments.named.emplace_back(argument.name, std::move(value));
    } else {
      arguments.values.push_back(std::move(value));
    }
    budget_.take_bytes((arguments.values.size() + arguments.named.size()) * sizeof(Value));
  }
  return arguments;
}

Value Interpreter::evaluate_filters(const Expression& expression, const Value& input,
                                    Scope& scope) {
  Value value = input;
  if (const ExpressionPtr& inner = expression.items[0]) {
    const bool goes_on = inner->kind == Kind::filter;
    value = goes_on ? evaluate_filters(*inner, input, scope) : evaluate(*inner, scope);
  }
  const Arguments arguments = evaluate_arguments(expression, scope);
  line_ = expression.line;
  return apply_filter(expression.text, value, arguments);
}

Value Interpreter::call(const Value& callee, const Arguments& arguments) {
  if (callee.is_undefined()) throw Failure{*std::get<Undefined>(callee.data).why};
  if (const Method* method = callee.method()) return call_method(budget_, *method, arguments);
  if (const Macro* macro = callee.macro()) return call_macro(*macro, arguments);
  if (const Function* function = std::get_if<Function>(&callee.data)) {
    return call_function(*this, *function, arguments);
  }
  if (Cycler* cycler = callee.cycler(); cycler && cycler->joiner) {
    return std::exchange(cycler->next, 1) == 0 ? make_text("") : cycler->items[0];
  }
  throw Failure{concat("'", type_name(callee), "' object is not callable")};
}

}  // namespace hadal::draf::jinja
