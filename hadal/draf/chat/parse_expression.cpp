#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/draf/chat/parser.h"

#include <algorithm>
#include <utility>

namespace hadal::draf::jinja {

using Kind = Expression::Kind;

ExpressionPtr ExpressionParser::make(Kind kind) const {
  return std::make_unique<Expression>(Expression{.kind = kind, .line = tokens_.now().line});
}

ExpressionPtr ExpressionParser::make(Kind kind, ExpressionPtr first) const {
  ExpressionPtr made = make(kind);
  made->line = first ? first->line : made->line;
  made->items.push_back(std::move(first));
  return made;
}

ExpressionPtr ExpressionParser::parse_expression() {
  const Nesting nesting(depth_, tokens_.now().line);
  ExpressionPtr value = parse_disjunction();
  // A long chain is a deep tree.
  for (int links = 0; tokens_.skip_name("if"); ++links) {
    if (links > kMostDepth) tokens_.refuse("fewer 'if' in one expression");
    ExpressionPtr choice = make(Kind::choice, std::move(value));
    choice->items.push_back(parse_disjunction());
    choice->items.push_back(tokens_.skip_name("else") ? parse_expression() : nullptr);
    value = std::move(choice);
  }
  return value;
}

ExpressionPtr ExpressionParser::parse_disjunction() {
  ExpressionPtr value = parse_conjunction();
  if (!tokens_.is_name("or")) return value;
  ExpressionPtr all = make(Kind::disjunction, std::move(value));
  while (tokens_.skip_name("or")) all->items.push_back(parse_conjunction());
  return all;
}

ExpressionPtr ExpressionParser::parse_conjunction() {
  ExpressionPtr value = parse_inversion();
  if (!tokens_.is_name("and")) return value;
  ExpressionPtr all = make(Kind::conjunction, std::move(value));
  while (tokens_.skip_name("and")) all->items.push_back(parse_inversion());
  return all;
}

ExpressionPtr ExpressionParser::parse_inversion() {
  if (!tokens_.is_name("not")) return parse_comparison();
  const Nesting nesting(depth_, tokens_.now().line);
  tokens_.next();
  return make(Kind::invert, parse_inversion());
}

ExpressionPtr ExpressionParser::parse_comparison() {
  ExpressionPtr value = parse_sum();
  ExpressionPtr comparison;
  while (true) {
    std::string op;
    const Token& token = tokens_.now();
    constexpr std::string_view kSymbols[] = {"==", "!=", "<", "<=", ">", ">="};
    if (token.kind == Token::Kind::symbol &&
        std::find(std::begin(kSymbols), std::end(kSymbols), token.text) != std::end(kSymbols)) {
      op = tokens_.next().text;
    } else if (tokens_.skip_name("in")) {
      op = "in";
    } else if (tokens_.is_name("not") && tokens_.after().kind == Token::Kind::name &&
               tokens_.after().text == "in") {
      tokens_.next();
      tokens_.next();
      op = "not in";
    } else {
      return comparison ? std::move(comparison) : std::move(value);
    }
    if (!comparison) comparison = make(Kind::comparison, std::move(value));
    comparison->operators.push_back(op);
    comparison->items.push_back(parse_sum());
  }
}

ExpressionPtr ExpressionParser::parse_chain(Kind kind,
                                            std::initializer_list<std::string_view> symbols,
                                            ExpressionPtr (ExpressionParser::*operand)()) {
  ExpressionPtr value = (this->*operand)();
  const auto is_one = [&] {
    return tokens_.now().kind == Token::Kind::symbol &&
           std::find(symbols.begin(), symbols.end(), tokens_.now().text) != symbols.end();
  };
  if (!is_one()) return value;
  // One flat node: "a + b + c ..." may be long, and a tree of it deep.
  ExpressionPtr chain = make(kind, std::move(value));
  while (is_one()) {
    chain->operators.push_back(tokens_.next().text);
    chain->items.push_back((this->*operand)());
  }
  return chain;
}

ExpressionPtr ExpressionParser::parse_sum() {
  return parse_chain(Kind::arithmetic, {"+", "-"}, &ExpressionParser::parse_concatenation);
}

ExpressionPtr ExpressionParser::parse_concatenation() {
  return parse_chain(Kind::concatenation, {"~"}, &ExpressionParser::parse_product);
}

ExpressionPtr ExpressionParser::parse_product() {
  return parse_chain(Kind::arithmetic, {"*", "/", "//", "%"}, &ExpressionParser::parse_power);
}

ExpressionPtr ExpressionParser::parse_power() {
  return parse_chain(Kind::arithmetic, {"**"}, &ExpressionParser::parse_operand);
}

ExpressionPtr ExpressionParser::parse_unary(bool with_filter) {
  const Nesting nesting(depth_, tokens_.now().line);
  ExpressionPtr value;
  if (tokens_.is_symbol("-") || tokens_.is_symbol("+")) {
    const Kind kind = tokens_.next().text == "-" ? Kind::negate : Kind::plus;
    value = make(kind, parse_unary(false));
  } else {
    value = parse_primary();
  }
  value = parse_postfix(std::move(value));
  return with_filter ? parse_filters(std::move(value), true) : std::move(value);
}

ExpressionPtr ExpressionParser::parse_filters(ExpressionPtr value, bool first_has_bar) {
  for (int links = 0;; ++links) {
    if (links > kMostDepth) tokens_.refuse("fewer filters and tests in one expression");
    const int line = tokens_.now().line;
    if (!first_has_bar || tokens_.skip_symbol("|")) {
      first_has_bar = true;
      const std::string name = parse_dotted_name();
      if (!is_filter(name)) throw SyntaxError{"no filter " + quote(name) + " is known", line, true};
      ExpressionPtr filter = make(Kind::filter, std::move(value));
      filter->line = line;
      filter->text = name;
      if (tokens_.is_symbol("(")) parse_arguments(*filter);
      value = std::move(filter);
    } else if (tokens_.skip_name("is")) {
      value = parse_test(std::move(value));
    } else if (tokens_.is_symbol("(") && value) {
      ExpressionPtr call = make(Kind::call, std::move(value));
      parse_arguments(*call);
      value = std::move(call);
    } else {
      return value;
    }
  }
}

ExpressionPtr ExpressionParser::parse_test(ExpressionPtr value) {
  const int line = tokens_.now().line;
  const bool negated = tokens_.skip_name("not");
  const std::string name = parse_dotted_name();
  if (!is_test(name)) throw SyntaxError{"no test " + quote(name) + " is known", line, true};
  ExpressionPtr test = make(Kind::test, std::move(value));
  test->line = line;
  test->text = name;
  const Token& token = tokens_.now();
  const bool starts_argument =
      token.kind == Token::Kind::string || token.kind == Token::Kind::integer ||
      token.kind == Token::Kind::number || token.text == "[" || token.text == "{" ||
      (token.kind == Token::Kind::name && token.text != "else" && token.text != "or" &&
       token.text != "and");
  if (tokens_.is_symbol("(")) {
    parse_arguments(*test);
  } else if (starts_argument) {
    if (tokens_.is_name("is")) tokens_.refuse("no second test with 'is'");
    test->arguments.push_back({"", parse_postfix(parse_primary())});
  }
  return negated ? make(Kind::invert, std::move(test)) : std::move(test);
}

std::string ExpressionParser::parse_dotted_name() {
  std::string name = tokens_.expect_name();
  while (tokens_.skip_symbol(".")) name += "." + tokens_.expect_name();
  return name;
}

void ExpressionParser::parse_arguments(Expression& called) {
  tokens_.expect_symbol("(");
  bool needs_comma = false;
  while (!tokens_.is_symbol(")")) {
    if (needs_comma) {
      tokens_.expect_symbol(",");
      if (tokens_.is_symbol(")")) break;
    }
    needs_comma = true;
    Expression::Argument argument;
    argument.stars = tokens_.skip_symbol("**") ? 2 : tokens_.skip_symbol("*") ? 1 : 0;
    const bool is_named = argument.stars == 0 && tokens_.now().kind == Token::Kind::name &&
                          tokens_.after().kind == Token::Kind::symbol &&
                          tokens_.after().text == "=";
    if (is_named) {
      argument.name = tokens_.next().text;
      tokens_.next();
    } else if (argument.stars == 0 && !called.arguments.empty() &&
               (!called.arguments.back().name.empty() || called.arguments.back().stars > 0)) {
      tokens_.refuse("an argument with a name");
    }
    argument.value = parse_expression();
    called.arguments.push_back(std::move(argument));
  }
  tokens_.expect_symbol(")");
}

}  // namespace hadal::draf::jinja
