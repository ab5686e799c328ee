#pragma once

#include "hadal/draf/chat/arguments.h"
#include "hadal/draf/chat/ast.h"
#include "hadal/draf/chat/budget.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hadal::draf::jinja {

/// The names of a template, of a turn of a loop or of a call. A name is looked up outwards.
struct Scope {
  Scope* outer = nullptr;
  std::vector<std::pair<std::string, Value>> names = {};
  bool kept = false;  ///< a macro refers to it

  const Value* find(const std::string& name) const;
  void set(const std::string& name, Value value);
};

struct Macro {
  const Statement* statement;
  std::string name;
  Scope* scope;  ///< in which it was defined
};

/// The text of raise_exception().
struct Raised {
  std::string text;
};

/// One render of a template.
class Interpreter {
 public:
  explicit Interpreter(std::unordered_map<std::string, Value> variables)
      : variables_(std::move(variables)) {}
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  /// Throws Failure or Raised; line() then says where.
  std::string render(const Body& body);
  int line() const { return line_; }

  Budget& budget() { return budget_; }
  Value call(const Value& callee, const Arguments& arguments);
  Value apply_filter(const std::string& name, const Value& value, const Arguments& arguments);
  bool apply_test(const std::string& name, const Value& value, const Arguments& arguments);
  Namespace* make_namespace(Dict attributes);
  Cycler* make_cycler(Cycler cycler);

 private:
  enum class Flow { next, break_loop, continue_loop };
  class Level;
  class OwnScope;

  /// Goes a level deeper into statements, expressions and calls. As deep as Python's own limit
  /// goes; each level takes some hundred bytes of stack, up to 4 KiB under a sanitizer.
  void descend() {
    constexpr int kMostLevels = 1000;
    if (depth_ >= kMostLevels) throw Failure{"macros call each other too deeply"};
    ++depth_;
  }

  Flow execute(const Body& body, Scope& scope);
  Flow execute(const Statement& statement, Scope& scope);
  Flow execute_loop(const Statement& statement, Scope& scope);
  Flow execute_scope(const Statement& statement, Scope& scope);
  void execute_macro(const Statement& statement, Scope& scope);
  void execute_call(const Statement& statement, Scope& scope);
  std::pair<std::string, Flow> capture(const Statement& statement, Scope& scope);
  void print(const Value& value);
  void append(std::string_view text);
  Value filter_items(const Statement& statement, const Value& items, Scope& scope);
  void assign(const Target& target, const Value& value, Scope& scope);
  const Macro* make_macro(const Statement& statement, std::string name, Scope& scope);
  Value call_macro(const Macro& macro, const Arguments& arguments);

  Value evaluate(const Expression& expression, Scope& scope);
  Value evaluate_node(const Expression& expression, Scope& scope);
  Value evaluate_name(const Expression& expression, const Scope& scope);
  Value evaluate_dict(const Expression& expression, Scope& scope);
  Value evaluate_item(const Expression& expression, Scope& scope);
  Value evaluate_logic(const Expression& expression, Scope& scope);
  Value evaluate_arithmetic(const Expression& expression, Scope& scope);
  Value evaluate_concatenation(const Expression& expression, Scope& scope);
  Value evaluate_comparison(const Expression& expression, Scope& scope);
  Value evaluate_choice(const Expression& expression, Scope& scope);
  Values evaluate_all(const std::vector<ExpressionPtr>& items, Scope& scope);
  Arguments evaluate_arguments(const Expression& expression, Scope& scope);
  /// The filter applied to `input` at its innermost, where a block gives it.
  Value evaluate_filters(const Expression& expression, const Value& input, Scope& scope);

  std::unordered_map<std::string, Value> variables_;
  Budget budget_;
  std::string* output_ = nullptr;
  int line_ = 1;
  int depth_ = 0;
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::vector<std::unique_ptr<Macro>> macros_;
  std::vector<std::unique_ptr<Namespace>> spaces_;
  std::vector<std::unique_ptr<Cycler>> cyclers_;
};

/// range(), namespace() and so on.
Value call_function(Interpreter& interpreter, Function function, const Arguments& arguments);
/// The functions by their names.
const std::unordered_map<std::string, Value>& functions();

}  // namespace hadal::draf::jinja
