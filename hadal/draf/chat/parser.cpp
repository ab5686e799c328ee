#include "hadal/draf/chat/parser.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <utility>

namespace hadal::draf::jinja {

void Tokens::refuse(std::string_view expected) const {
  std::string found;
  switch (now().kind) {
    case Token::Kind::end:
      found = "the end of the template";
      break;
    case Token::Kind::end_print:
      found = "'}}'";
      break;
    case Token::Kind::end_block:
      found = "'%}'";
      break;
    default:
      found = quote(now().text);
  }
  throw SyntaxError{concat("expected ", expected, ", found ", found), now().line};
}

void Tokens::expect_symbol(std::string_view text) {
  if (!skip_symbol(text)) refuse(concat("'", text, "'"));
}

std::string Tokens::expect_name() {
  if (now().kind != Token::Kind::name) refuse("a name");
  return next().text;
}

void Tokens::expect(Token::Kind kind) {
  if (now().kind != kind) refuse(kind == Token::Kind::end_print ? "'}}'" : "'%}'");
  next();
}

namespace {

using Kind = Statement::Kind;
using Names = std::initializer_list<std::string_view>;

class Parser {
 public:
  explicit Parser(std::string_view source)
      : tokens_(tokenize(source)), expressions_(tokens_, depth_) {}

  Body parse_template() {
    Body body = parse_body({});
    if (tokens_.now().kind != Token::Kind::end) tokens_.refuse("the end of the template");
    return body;
  }

 private:
  /// Up to a tag of one of these names, which is looked at after this.
  Body parse_body(Names ends) {
    const Nesting nesting(depth_, tokens_.now().line);
    Body body;
    while (tokens_.now().kind != Token::Kind::end) {
      if (tokens_.now().kind == Token::Kind::text) {
        body.push_back(
            {.kind = Kind::text, .line = tokens_.now().line, .text = tokens_.next().text});
      } else if (tokens_.now().kind == Token::Kind::begin_print) {
        body.push_back(make(Kind::print));
        tokens_.next();
        body.back().value = expressions_.parse_tuple();
        tokens_.expect(Token::Kind::end_print);
      } else {
        tokens_.next();
        if (std::any_of(ends.begin(), ends.end(), [&](auto end) { return tokens_.is_name(end); })) {
          return body;
        }
        body.push_back(parse_statement());
        tokens_.expect(Token::Kind::end_block);
      }
    }
    if (ends.size() > 0) tokens_.refuse(concat("'{% ", *(ends.end() - 1), " %}'"));
    return body;
  }

  /// The body between the end of this tag and a tag of these names.
  Body parse_inside(Names ends) {
    tokens_.expect(Token::Kind::end_block);
    return parse_body(ends);
  }

  Body parse_inside(std::string_view end) {
    Body body = parse_inside({end});
    tokens_.next();
    return body;
  }

  Statement make(Kind kind) const { return {.kind = kind, .line = tokens_.now().line}; }

  Statement parse_statement() {
    const int line = tokens_.now().line;
    const std::string word = tokens_.expect_name();
    if (word == "if") return parse_condition();
    if (word == "for") return parse_loop();
    if (word == "set") return parse_set();
    if (word == "macro") return parse_macro();
    if (word == "call") return parse_call();
    if (word == "filter") return parse_filter();
    if (word == "with") return parse_with();
    if (word == "generation") {
      Statement scope = make(Kind::scope);
      const LoopGuard guard(loops_, 0);
      scope.body = parse_inside("endgeneration");
      return scope;
    }
    if (word == "break" || word == "continue") {
      if (loops_ == 0) throw SyntaxError{"'" + word + "' outside of a loop", line};
      return make(word == "break" ? Kind::break_loop : Kind::continue_loop);
    }
    constexpr std::string_view kUnsupported[] = {"block", "extends",    "include", "import",
                                                 "from",  "autoescape", "print"};
    const bool is_known =
        std::find(std::begin(kUnsupported), std::end(kUnsupported), word) != std::end(kUnsupported);
    throw SyntaxError{
        concat("the tag ", quote(word), is_known ? " is not supported" : " is unknown"), line,
        is_known};
  }

  /// `break` and `continue` find the loop that they are in, not one around the macro.
  class LoopGuard {
   public:
    LoopGuard(int& loops, int now) : loops_(loops), before_(loops) { loops_ = now; }
    ~LoopGuard() { loops_ = before_; }
    LoopGuard(const LoopGuard&) = delete;
    LoopGuard& operator=(const LoopGuard&) = delete;

   private:
    int& loops_;
    int before_;
  };

  Statement parse_condition() {
    Statement condition = make(Kind::condition);
    condition.value = expressions_.parse_tuple(false);
    condition.body = parse_inside({"elif", "else", "endif"});
    if (tokens_.skip_name("elif")) {
      // A chain of `elif` is nested in the tree, and so counts as nesting.
      const Nesting nesting(depth_, tokens_.now().line);
      condition.other.push_back(parse_condition());
      return condition;
    }
    if (tokens_.skip_name("else")) condition.other = parse_inside({"endif"});
    tokens_.next();
    return condition;
  }

  Statement parse_loop() {
    Statement loop = make(Kind::loop);
    loop.target = parse_targets(false);
    if (!tokens_.skip_name("in")) tokens_.refuse("'in'");
    loop.value = expressions_.parse_tuple(false);
    if (tokens_.skip_name("if")) loop.filter = expressions_.parse_expression();
    if (tokens_.is_name("recursive")) {
      throw SyntaxError{"recursive loops are not supported", tokens_.now().line, true};
    }
    {
      const LoopGuard guard(loops_, loops_ + 1);
      loop.body = parse_inside({"else", "endfor"});
    }
    if (tokens_.skip_name("else")) loop.other = parse_inside({"endfor"});
    tokens_.next();
    return loop;
  }

  Target parse_target(bool with_attribute) {
    const Nesting nesting(depth_, tokens_.now().line);
    if (tokens_.skip_symbol("(")) {
      Target target = parse_targets(with_attribute);
      tokens_.expect_symbol(")");
      return target;
    }
    const int line = tokens_.now().line;
    Target target;
    target.name = tokens_.expect_name();
    if (with_attribute && tokens_.skip_symbol(".")) target.attribute = tokens_.expect_name();
    constexpr std::string_view kReserved[] = {"true",  "false", "none", "True",
                                              "False", "None",  "loop"};
    if (target.attribute.empty() &&
        std::find(std::begin(kReserved), std::end(kReserved), target.name) != std::end(kReserved)) {
      throw SyntaxError{"cannot assign to '" + target.name + "'", line};
    }
    return target;
  }

  Target parse_targets(bool with_attribute) {
    Target first = parse_target(with_attribute);
    if (!tokens_.is_symbol(",")) return first;
    Target all;
    all.items.push_back(std::move(first));
    while (tokens_.skip_symbol(",")) {
      if (tokens_.is_name("in") || tokens_.is_symbol("=") || tokens_.is_symbol(")")) break;
      all.items.push_back(parse_target(with_attribute));
    }
    return all;
  }

  Statement parse_set() {
    Statement set = make(Kind::set);
    set.target = parse_targets(true);
    if (tokens_.skip_symbol("=")) {
      set.value = expressions_.parse_tuple();
      return set;
    }
    set.kind = Kind::set_block;
    if (set.target.name.empty()) tokens_.refuse("'='");
    if (tokens_.is_symbol("|")) set.value = expressions_.parse_filters(nullptr, true);
    set.body = parse_inside("endset");
    return set;
  }

  std::vector<Parameter> parse_parameters() {
    std::vector<Parameter> parameters;
    tokens_.expect_symbol("(");
    while (!tokens_.is_symbol(")")) {
      if (!parameters.empty()) {
        tokens_.expect_symbol(",");
        if (tokens_.is_symbol(")")) break;
      }
      Parameter parameter{parse_target(false).name, nullptr};
      if (parameter.name.empty()) tokens_.refuse("a name");
      if (tokens_.skip_symbol("=")) {
        parameter.value = expressions_.parse_expression();
      } else if (!parameters.empty() && parameters.back().value) {
        tokens_.refuse("a default, as the parameter before has one");
      }
      parameters.push_back(std::move(parameter));
    }
    tokens_.expect_symbol(")");
    return parameters;
  }

  Statement parse_macro() {
    Statement macro = make(Kind::macro);
    macro.text = parse_target(false).name;
    macro.parameters = parse_parameters();
    const LoopGuard guard(loops_, 0);
    macro.body = parse_inside("endmacro");
    return macro;
  }

  Statement parse_call() {
    Statement call = make(Kind::call);
    if (tokens_.is_symbol("(")) call.parameters = parse_parameters();
    call.value = expressions_.parse_expression();
    if (call.value->kind != Expression::Kind::call) tokens_.refuse("a call");
    const LoopGuard guard(loops_, 0);
    call.body = parse_inside("endcall");
    return call;
  }

  Statement parse_filter() {
    Statement filter = make(Kind::filter);
    filter.value = expressions_.parse_filters(nullptr, false);
    const LoopGuard guard(loops_, 0);
    filter.body = parse_inside("endfilter");
    return filter;
  }

  Statement parse_with() {
    Statement scope = make(Kind::scope);
    while (tokens_.now().kind != Token::Kind::end_block) {
      if (!scope.parameters.empty()) tokens_.expect_symbol(",");
      Parameter parameter{parse_target(false).name, nullptr};
      tokens_.expect_symbol("=");
      parameter.value = expressions_.parse_expression();
      scope.parameters.push_back(std::move(parameter));
    }
    scope.body = parse_inside("endwith");
    return scope;
  }

  Tokens tokens_;
  int depth_ = 0;
  int loops_ = 0;
  ExpressionParser expressions_;
};

}  // namespace

Body parse(std::string_view source) { return Parser(source).parse_template(); }

}  // namespace hadal::draf::jinja
