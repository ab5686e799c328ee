#pragma once

#include "hadal/draf/chat/ast.h"
#include "hadal/draf/chat/lexer.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::draf::jinja {

/// The tokens, of which one is looked at.
class Tokens {
 public:
  explicit Tokens(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& now() const { return tokens_[at_]; }
  const Token& after() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool is(Token::Kind kind, std::string_view text) const {
    return now().kind == kind && now().text == text;
  }
  bool is_symbol(std::string_view text) const { return is(Token::Kind::symbol, text); }
  bool is_name(std::string_view text) const { return is(Token::Kind::name, text); }
  bool skip_symbol(std::string_view text) { return is_symbol(text) && (next(), true); }
  bool skip_name(std::string_view text) { return is_name(text) && (next(), true); }
  void expect_symbol(std::string_view text);
  std::string expect_name();
  void expect(Token::Kind kind);
  /// Throws SyntaxError: what was expected and what is there.
  [[noreturn]] void refuse(std::string_view expected) const;

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

/// Counts how deeply the parser is nested, and throws SyntaxError beyond kMostDepth.
class Nesting {
 public:
  Nesting(int& depth, int line) : depth_(depth) {
    if (++depth_ > kMostDepth) {
      --depth_;
      throw SyntaxError{"nested more than " + std::to_string(kMostDepth) + " deep", line, true};
    }
  }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  int& depth_;
};

/// Jinja's grammar of expressions; a function a level of precedence.
class ExpressionParser {
 public:
  ExpressionParser(Tokens& tokens, int& depth) : tokens_(tokens), depth_(depth) {}

  ExpressionPtr parse_expression();
  /// Without `x if y`, as in `for`.
  ExpressionPtr parse_disjunction();
  /// With or without commas: `a, b` is a tuple.
  ExpressionPtr parse_tuple(bool with_choice = true);
  /// `name(arguments) | name ...` as after `filter` or `|`.
  ExpressionPtr parse_filters(ExpressionPtr value, bool first_has_bar);
  ExpressionPtr parse_unary(bool with_filter = true);

 private:
  using Kind = Expression::Kind;
  ExpressionPtr make(Kind kind) const;
  ExpressionPtr make(Kind kind, ExpressionPtr first) const;
  ExpressionPtr parse_chain(Kind kind, std::initializer_list<std::string_view> symbols,
                            ExpressionPtr (ExpressionParser::*operand)());
  ExpressionPtr parse_conjunction();
  ExpressionPtr parse_inversion();
  ExpressionPtr parse_comparison();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_operand() { return parse_unary(); }
  ExpressionPtr parse_primary();
  ExpressionPtr parse_number();
  ExpressionPtr parse_parentheses();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_postfix(ExpressionPtr value);
  ExpressionPtr parse_subscript(ExpressionPtr value);
  ExpressionPtr parse_index();
  ExpressionPtr parse_test(ExpressionPtr value);
  void parse_arguments(Expression& called);
  std::string parse_dotted_name();

  Tokens& tokens_;
  int& depth_;
};

/// The whole template. Throws SyntaxError.
Body parse(std::string_view source);

/// Whether there is a filter or a test of this name (filters.h, tests.h).
bool is_filter(std::string_view name);
bool is_test(std::string_view name);

}  // namespace hadal::draf::jinja
