#pragma once

#include "hadal/draf/chat/value.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hadal::draf::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
  enum class Kind {
    constant,       ///< value
    name,           ///< text
    list,           ///< items
    tuple,          ///< items
    dict,           ///< items: key, value, key, value
    attribute,      ///< items[0].text
    item,           ///< items[0][items[1]]
    slice,          ///< begin, end, step, each null or not: an index of `item`
    call,           ///< items[0](arguments)
    filter,         ///< items[0] | text(arguments); items[0] is null in a `filter` block
    test,           ///< items[0] is text(arguments)
    negate,         ///< - items[0]
    plus,           ///< + items[0]
    invert,         ///< not items[0]
    conjunction,    ///< and
    disjunction,    ///< or
    arithmetic,     ///< items[0] text items[1]
    concatenation,  ///< ~ of all items
    comparison,     ///< items[0] operators[0] items[1] operators[1] ...
    choice,         ///< items[0] if items[1] else items[2], which may be null
  };
  Kind kind;
  int line;
  std::string text = {};
  Value value = {None{}};
  std::vector<ExpressionPtr> items = {};
  std::vector<std::string> operators = {};
  /// Of a call, a filter or a test.
  struct Argument {
    std::string name;  ///< empty where it has none
    ExpressionPtr value;
    int stars = 0;  ///< 1 for *value, 2 for **value
  };
  std::vector<Argument> arguments = {};
};

struct Statement;
using Body = std::vector<Statement>;

/// What a `set` or a `for` assigns to.
struct Target {
  std::string name;       ///< empty for a tuple
  std::string attribute;  ///< of a namespace; empty for a name
  std::vector<Target> items = {};
};

struct Parameter {
  std::string name;
  ExpressionPtr value;  ///< may be null
};

struct Statement {
  enum class Kind {
    text,       ///< text
    print,      ///< value
    condition,  ///< if value: body, else: other
    loop,       ///< for target in value if filter: body, else: other
    set,        ///< target = value
    set_block,  ///< target = body, through `value`'s filters if there are
    macro,      ///< text(parameters): body
    call,       ///< value, a call, with the macro `caller`(parameters): body
    filter,     ///< body through `value`'s filters
    scope,      ///< body with names of its own (`generation`, `with`); parameters
    break_loop,
    continue_loop,
  };
  Kind kind;
  int line;
  std::string text = {};
  Target target = {};
  ExpressionPtr value = {};
  ExpressionPtr filter = {};
  std::vector<Parameter> parameters = {};
  Body body = {};
  Body other = {};
};

}  // namespace hadal::draf::jinja
