#include "hadal/core/error.h"
#include "hadal/draf/chat/parser.h"

#include <charconv>
#include <cstdlib>
#include <utility>

namespace hadal::draf::jinja {

using Kind = Expression::Kind;

ExpressionPtr ExpressionParser::parse_primary() {
  const Token& token = tokens_.now();
  if (token.kind == Token::Kind::integer || token.kind == Token::Kind::number)
    return parse_number();
  if (token.kind == Token::Kind::symbol) {
    if (token.text == "(") return parse_parentheses();
    if (token.text == "[") return parse_list();
    if (token.text == "{") return parse_dict();
  }
  ExpressionPtr made = make(Kind::constant);
  if (token.kind == Token::Kind::string) {
    std::string text;
    while (tokens_.now().kind == Token::Kind::string) text += tokens_.next().text;
    made->value = make_text(std::move(text));
    return made;
  }
  if (token.kind != Token::Kind::name) tokens_.refuse("an expression");
  const std::string name = tokens_.next().text;
  if (name == "true" || name == "True") {
    made->value = {true};
  } else if (name == "false" || name == "False") {
    made->value = {false};
  } else if (name == "none" || name == "None") {
    made->value = {None{}};
  } else {
    made->kind = Kind::name;
    made->text = name;
  }
  return made;
}

ExpressionPtr ExpressionParser::parse_number() {
  ExpressionPtr made = make(Kind::constant);
  const Token& token = tokens_.next();
  if (token.kind == Token::Kind::number) {
    // Correctly rounded and, unlike strtod(), the same in every locale; too large is infinite.
    double value = 0;
    const auto end =
        std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
    if (end.ec != std::errc()) throw SyntaxError{"a number that fits no double", token.line, true};
    made->value = {value};
    return made;
  }
  std::int64_t value = 0;
  const char* last = token.text.data() + token.text.size();
  if (std::from_chars(token.text.data(), last, value).ec != std::errc()) {
    throw SyntaxError{concat("the integer ", token.text.substr(0, 40), " is beyond 64 bits"),
                      token.line, true};
  }
  if (token.text.size() > 1 && token.text[0] == '0' && value != 0) {
    throw SyntaxError{"expected no 0 before an integer", token.line};
  }
  made->value = {value};
  return made;
}

ExpressionPtr ExpressionParser::parse_tuple(bool with_choice) {
  const auto parse_one = [&] { return with_choice ? parse_expression() : parse_disjunction(); };
  ExpressionPtr first = parse_one();
  if (!tokens_.is_symbol(",")) return first;
  ExpressionPtr tuple = make(Kind::tuple, std::move(first));
  while (tokens_.skip_symbol(",")) {
    const Token& token = tokens_.now();
    const bool ends = token.kind == Token::Kind::end_print ||
                      token.kind == Token::Kind::end_block || tokens_.is_symbol(")") ||
                      tokens_.is_symbol("]") || tokens_.is_symbol("=") || tokens_.is_name("in");
    if (ends) break;
    tuple->items.push_back(parse_one());
  }
  return tuple;
}

ExpressionPtr ExpressionParser::parse_parentheses() {
  ExpressionPtr made = make(Kind::tuple);
  tokens_.expect_symbol("(");
  if (tokens_.skip_symbol(")")) return made;
  made = parse_tuple();
  tokens_.expect_symbol(")");
  return made;
}

ExpressionPtr ExpressionParser::parse_list() {
  ExpressionPtr list = make(Kind::list);
  tokens_.expect_symbol("[");
  while (!tokens_.is_symbol("]")) {
    if (!list->items.empty()) {
      tokens_.expect_symbol(",");
      if (tokens_.is_symbol("]")) break;
    }
    list->items.push_back(parse_expression());
  }
  tokens_.expect_symbol("]");
  return list;
}

ExpressionPtr ExpressionParser::parse_dict() {
  ExpressionPtr dict = make(Kind::dict);
  tokens_.expect_symbol("{");
  while (!tokens_.is_symbol("}")) {
    if (!dict->items.empty()) {
      tokens_.expect_symbol(",");
      if (tokens_.is_symbol("}")) break;
    }
    dict->items.push_back(parse_expression());
    tokens_.expect_symbol(":");
    dict->items.push_back(parse_expression());
  }
  tokens_.expect_symbol("}");
  return dict;
}

ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr value) {
  for (int links = 0;; ++links) {
    if (links > kMostDepth) tokens_.refuse("fewer subscripts and calls in one expression");
    if (tokens_.is_symbol(".") || tokens_.is_symbol("[")) {
      value = parse_subscript(std::move(value));
    } else if (tokens_.is_symbol("(")) {
      ExpressionPtr call = make(Kind::call, std::move(value));
      parse_arguments(*call);
      value = std::move(call);
    } else {
      return value;
    }
  }
}

ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr value) {
  if (tokens_.skip_symbol(".")) {
    if (tokens_.now().kind == Token::Kind::integer) {
      ExpressionPtr item = make(Kind::item, std::move(value));
      item->items.push_back(parse_number());
      return item;
    }
    ExpressionPtr attribute = make(Kind::attribute, std::move(value));
    attribute->text = tokens_.expect_name();
    return attribute;
  }
  tokens_.expect_symbol("[");
  ExpressionPtr item = make(Kind::item, std::move(value));
  ExpressionPtr index = parse_index();
  if (tokens_.is_symbol(",")) {
    index = make(Kind::tuple, std::move(index));
    while (tokens_.skip_symbol(",")) index->items.push_back(parse_index());
  }
  item->items.push_back(std::move(index));
  tokens_.expect_symbol("]");
  return item;
}

ExpressionPtr ExpressionParser::parse_index() {
  ExpressionPtr begin;
  if (!tokens_.is_symbol(":")) {
    begin = parse_expression();
    if (!tokens_.is_symbol(":")) return begin;
  }
  ExpressionPtr slice = make(Kind::slice);
  slice->items.push_back(std::move(begin));
  for (int part = 1; part < 3; ++part) {
    const bool is_there = tokens_.skip_symbol(":") && !tokens_.is_symbol(":") &&
                          !tokens_.is_symbol("]") && !tokens_.is_symbol(",");
    slice->items.push_back(is_there ? parse_expression() : nullptr);
  }
  return slice;
}

}  // namespace hadal::draf::jinja
