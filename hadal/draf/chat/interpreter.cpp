#include "hadal/draf/chat/interpreter.h"

#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/print.h"

#include <algorithm>

namespace hadal::draf::jinja {

const Value* Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope; scope = scope->outer) {
    for (const auto& [known, value] : scope->names) {
      if (known == name) return &value;
    }
  }
  return nullptr;
}

void Scope::set(const std::string& name, Value value) {
  for (auto& [known, old] : names) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  names.emplace_back(name, std::move(value));
}

/// A level of nested statements, expressions and calls.
class Interpreter::Level {
 public:
  explicit Level(Interpreter& interpreter) : depth_(interpreter.depth_) { interpreter.descend(); }
  ~Level() { --depth_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  int& depth_;
};

/// A scope that lives on where a macro was defined in it.
class Interpreter::OwnScope {
 public:
  OwnScope(Interpreter& interpreter, Scope* outer)
      : interpreter_(interpreter), scope_(std::make_unique<Scope>(Scope{outer})) {}
  ~OwnScope() {
    if (scope_->kept) interpreter_.scopes_.push_back(std::move(scope_));
  }
  OwnScope(const OwnScope&) = delete;
  OwnScope& operator=(const OwnScope&) = delete;
  Scope& operator*() const { return *scope_; }
  Scope* operator->() const { return scope_.get(); }

 private:
  Interpreter& interpreter_;
  std::unique_ptr<Scope> scope_;
};

Interpreter::~Interpreter() {
  // Namespaces may hold each other in rings and chains of any length, but through plain pointers.
  for (const auto& space : spaces_) space->attributes = {};
}

std::string Interpreter::render(const Body& body) {
  std::string output;
  output_ = &output;
  OwnScope scope(*this, nullptr);
  execute(body, *scope);
  return output;
}

void Interpreter::append(std::string_view text) {
  budget_.take_bytes(text.size());
  *output_ += text;
}

void Interpreter::print(const Value& value) {
  if (const Text* text = value.text()) return append(text->text);
  append(to_text(value, budget_.bytes_left()));
}

Interpreter::Flow Interpreter::execute(const Body& body, Scope& scope) {
  const Level level(*this);
  for (const Statement& statement : body) {
    const Flow flow = execute(statement, scope);
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

Interpreter::Flow Interpreter::execute(const Statement& statement, Scope& scope) {
  budget_.step();
  line_ = statement.line;
  switch (statement.kind) {
    case Statement::Kind::text:
      append(statement.text);
      break;
    case Statement::Kind::print:
      print(evaluate(*statement.value, scope));
      break;
    case Statement::Kind::condition:
      return execute(is_true(evaluate(*statement.value, scope)) ? statement.body : statement.other,
                     scope);
    case Statement::Kind::loop:
      return execute_loop(statement, scope);
    case Statement::Kind::set:
      assign(statement.target, evaluate(*statement.value, scope), scope);
      break;
    case Statement::Kind::set_block: {
      auto [text, flow] = capture(statement, scope);
      const Value value = budget_.text(std::move(text));
      assign(statement.target,
             statement.value ? evaluate_filters(*statement.value, value, scope) : value, scope);
      return flow;
    }
    case Statement::Kind::filter: {
      const Value value = budget_.text(capture(statement, scope).first);
      print(evaluate_filters(*statement.value, value, scope));
      break;
    }
    case Statement::Kind::macro:
      execute_macro(statement, scope);
      break;
    case Statement::Kind::call:
      execute_call(statement, scope);
      break;
    case Statement::Kind::scope:
      return execute_scope(statement, scope);
    case Statement::Kind::break_loop:
      return Flow::break_loop;
    case Statement::Kind::continue_loop:
      return Flow::continue_loop;
  }
  return Flow::next;
}

Interpreter::Flow Interpreter::execute_loop(const Statement& statement, Scope& scope) {
  Value value = evaluate(*statement.value, scope);
  if (statement.filter) value = filter_items(statement, value, scope);
  const auto loop = std::make_shared<Loop>(Loop{iterate(budget_, value)});
  for (; loop->index < loop->items->items.size(); ++loop->index) {
    budget_.step();
    const OwnScope inner(*this, &scope);
    inner->set("loop", {loop});
    assign(statement.target, loop->items->items[loop->index], *inner);
    if (execute(statement.body, *inner) == Flow::break_loop) break;
  }
  if (loop->items->items.empty()) {
    const OwnScope inner(*this, &scope);
    return execute(statement.other, *inner);
  }
  return Flow::next;
}

Value Interpreter::filter_items(const Statement& statement, const Value& items, Scope& scope) {
  Values chosen;
  // Held by a name: C++20 ends a temporary before the loop.
  const auto held = iterate(budget_, items);
  for (const Value& item : held->items) {
    const OwnScope inner(*this, &scope);
    assign(statement.target, item, *inner);
    if (is_true(evaluate(*statement.filter, *inner))) chosen.push_back(item);
  }
  return budget_.list(std::move(chosen));
}

Interpreter::Flow Interpreter::execute_scope(const Statement& statement, Scope& scope) {
  const OwnScope inner(*this, &scope);
  for (const Parameter& parameter : statement.parameters) {
    // `with` finds its values outside of itself.
    inner->set(parameter.name, evaluate(*parameter.value, scope));
  }
  return execute(statement.body, *inner);
}

std::pair<std::string, Interpreter::Flow> Interpreter::capture(const Statement& statement,
                                                               Scope& scope) {
  std::string text;
  std::string* const before = std::exchange(output_, &text);
  const OwnScope inner(*this, &scope);
  // An exception ends the render, so that there is nothing to put back.
  const Flow flow = execute(statement.body, *inner);
  output_ = before;
  return {std::move(text), flow};
}

void Interpreter::assign(const Target& target, const Value& value, Scope& scope) {
  if (!target.items.empty()) {
    const auto values = iterate(budget_, value);
    if (values->items.size() != target.items.size()) {
      throw Failure{concat("expected ", target.items.size(), " values to unpack, got ",
                           values->items.size())};
    }
    for (std::size_t i = 0; i < target.items.size(); ++i) {
      assign(target.items[i], values->items[i], scope);
    }
  } else if (target.attribute.empty()) {
    scope.set(target.name, value);
  } else {
    const Value* found = scope.find(target.name);
    if (!found || !found->space()) {
      throw Failure{"cannot assign attribute on non-namespace object"};
    }
    if (target.attribute.starts_with('_')) {
      throw Failure{"a namespace has no attributes that start with '_'"};
    }
    budget_.take_bytes(128);
    found->space()->attributes.set(make_text(target.attribute), value);
  }
}

const Macro* Interpreter::make_macro(const Statement& statement, std::string name, Scope& scope) {
  for (Scope* outer = &scope; outer && !outer->kept; outer = outer->outer) outer->kept = true;
  budget_.take_bytes(256);
  macros_.push_back(std::make_unique<Macro>(Macro{&statement, std::move(name), &scope}));
  return macros_.back().get();
}

void Interpreter::execute_macro(const Statement& statement, Scope& scope) {
  scope.set(statement.text, {make_macro(statement, statement.text, scope)});
}

void Interpreter::execute_call(const Statement& statement, Scope& scope) {
  const Expression& called = *statement.value;
  const Value callee = evaluate(*called.items[0], scope);
  Arguments arguments = evaluate_arguments(called, scope);
  arguments.named.emplace_back("caller", Value{make_macro(statement, "caller", scope)});
  print(call(callee, arguments));
}

Value Interpreter::call_macro(const Macro& macro, const Arguments& arguments) {
  const Level level(*this);
  const auto& parameters = macro.statement->parameters;
  if (arguments.values.size() > parameters.size()) {
    throw Failure{
        concat("macro '", macro.name, "' takes not more than ", parameters.size(), " argument(s)")};
  }
  const OwnScope scope(*this, macro.scope);
  for (std::size_t i = 0; i < arguments.values.size(); ++i) {
    scope->set(parameters[i].name, arguments.values[i]);
  }
  const std::size_t placed = scope->names.size();
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const Parameter& p) { return p.name == name; });
    const bool is_placed = found - parameters.begin() < static_cast<std::ptrdiff_t>(placed);
    if (name != "caller" && (found == parameters.end() || is_placed)) {
      throw Failure{concat("macro '", macro.name, "' takes no keyword argument '", name, "'")};
    }
    scope->set(name, value);
  }
  for (std::size_t i = placed; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    const bool is_set = std::any_of(scope->names.begin(), scope->names.end(),
                                    [&](const auto& name) { return name.first == parameter.name; });
    if (is_set) continue;
    scope->set(parameter.name, parameter.value ? evaluate(*parameter.value, *scope)
                                               : make_undefined("parameter '" + parameter.name +
                                                                "' was not provided"));
  }
  std::string text;
  std::string* const before = std::exchange(output_, &text);
  execute(macro.statement->body, *scope);
  output_ = before;
  return budget_.text(std::move(text));
}

}  // namespace hadal::draf::jinja
