#include "hadal/draf/chat/filters.h"
#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/print.h"
#include "hadal/draf/chat/python_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace hadal::draf::jinja {
namespace {

std::string text_of(Interpreter& interpreter, const Value& value) {
  Budget& budget = interpreter.budget();
  std::string text = to_text(value, budget.bytes_left());
  budget.take_bytes(text.size() * 4);  // as code points
  return text;
}

Value filter_trim(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("trim", arguments, {"chars"});
  return interpreter.budget().text(
      std::string(strip(text_of(interpreter, value), bound.optional_text(0))));
}

template <std::string (*convert)(std::string_view)>
Value filter_text(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("the filter", arguments, {});
  return interpreter.budget().text(convert(text_of(interpreter, value)));
}

/// Words start after space, hyphens and opening brackets, not after an apostrophe as in
/// str.title().
std::string title_words(std::string_view text) {
  std::string result;
  std::u32string word;
  const auto flush = [&] {
    if (!word.empty()) {
      result += upper(utf8(word.substr(0, 1))) + lower(utf8(word.substr(1)));
    }
    word.clear();
  };
  for (const char32_t c : code_points(text)) {
    const bool splits =
        is_space(c) || std::u32string_view(U"-({[<").find(c) != std::u32string::npos;
    if (splits) {
      flush();
      result += utf8({&c, 1});
    } else {
      word += c;
    }
  }
  flush();
  return result;
}

Value filter_escape(Interpreter& interpreter, const Value& value, const Arguments&) {
  if (value.text() && value.text()->markup) return value;
  return interpreter.budget().text(escape_html(text_of(interpreter, value)), true);
}

Value filter_force_escape(Interpreter& interpreter, const Value& value, const Arguments&) {
  return interpreter.budget().text(escape_html(text_of(interpreter, value)), true);
}

Value filter_safe(Interpreter& interpreter, const Value& value, const Arguments&) {
  return interpreter.budget().text(text_of(interpreter, value), true);
}

Value filter_string(Interpreter& interpreter, const Value& value, const Arguments&) {
  return value.text() ? value : interpreter.budget().text(text_of(interpreter, value));
}

Value filter_replace(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"});
  const std::string old = text_of(interpreter, bound.value(0));
  const std::string with = text_of(interpreter, bound.value(1));
  Budget& budget = interpreter.budget();
  return budget.text(
      replace(text_of(interpreter, value), old, with, bound.integer(2, -1), budget.bytes_left()));
}

Value filter_indent(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("indent", arguments, {"width", "first", "blank"});
  Budget& budget = interpreter.budget();
  const Value* width = bound.find(0);
  const Value spaces = width && width->text()
                           ? *width
                           : calculate(budget, "*", make_text(" "), Value{bound.integer(0, 4)});
  const std::string& indent = spaces.text()->text;
  const auto lines = split_lines(text_of(interpreter, value) + "\n");
  std::string result = bound.flag(1) ? indent : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) result += "\n";
    if (i > 0 && (bound.flag(2) || !lines[i].empty())) result += indent;
    result += lines[i];
    if (result.size() > budget.bytes_left()) budget.take_bytes(result.size());
  }
  return budget.text(std::move(result));
}

Value filter_json(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style{.ascii = bound.flag(0), .sort_keys = bound.flag(3)};
  const Value* indent = bound.find(1);
  if (indent && !indent->is_none()) {
    Budget& budget = interpreter.budget();
    style.indent = indent->text() ? indent->text()->text
                                  : calculate(budget, "*", make_text(" "), *indent).text()->text;
    style.item_separator = ",";
  }
  if (const Value* separators = bound.find(2); separators && !separators->is_none()) {
    const List* both = separators->list();
    if (!both || both->items.size() != 2 || !both->items[0].text() || !both->items[1].text()) {
      throw Failure{"tojson: expected two strings as separators"};
    }
    style.item_separator = both->items[0].text()->text;
    style.key_separator = both->items[1].text()->text;
  }
  return interpreter.budget().text(to_json(value, style, interpreter.budget().bytes_left()));
}

/// float(text), where Python takes it.
std::optional<double> parse_float(const std::string& text) {
  std::string digits(strip(text));
  std::erase(digits, '_');
  if (digits.starts_with('+')) digits.erase(0, 1);
  double number = 0;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number);
  if (digits.empty() || parsed.ptr != end || parsed.ec != std::errc()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> parse_integer(const std::string& text, int base) {
  std::string digits(strip(text));
  std::erase(digits, '_');
  if (digits.starts_with('+')) digits.erase(0, 1);
  if (base == 16 && (digits.starts_with("0x") || digits.starts_with("0X"))) digits.erase(0, 2);
  std::int64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number, base);
  if (digits.empty() || parsed.ptr != end || parsed.ec != std::errc()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> truncate(std::optional<double> number) {
  if (!number || !(std::abs(*number) < 9.2e18)) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

void refuse_undefined(const Value& value) {
  if (value.is_undefined()) throw Failure{*std::get<Undefined>(value.data).why};
}

Value filter_int(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"});
  refuse_undefined(value);
  const std::int64_t base = bound.integer(1, 10);
  if (base < 2 || base > 36) throw Failure{"int: expected a base from 2 to 36"};
  std::optional<std::int64_t> integer = as_integer(value);
  if (const Text* text = value.text()) {
    integer = parse_integer(text->text, static_cast<int>(base));
    if (!integer) integer = truncate(parse_float(text->text));
  } else if (!integer) {
    integer = truncate(as_number(value));
  }
  return integer ? Value{*integer} : bound.value(0, {std::int64_t{0}});
}

Value filter_float(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound("float", arguments, {"default"});
  refuse_undefined(value);
  const auto number = value.text() ? parse_float(value.text()->text) : as_number(value);
  return number ? Value{*number} : bound.value(0, {0.0});
}

Value filter_abs(Interpreter&, const Value& value, const Arguments&) {
  refuse_undefined(value);
  const auto number = as_number(value);
  if (!number) throw Failure{concat("bad operand type for abs(): '", type_name(value), "'")};
  const auto integer = as_integer(value);
  if (integer) return *integer < 0 ? negate(value) : Value{*integer};
  return {std::abs(*number)};
}

Value filter_round(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"});
  refuse_undefined(value);
  const auto number = as_number(value);
  if (!number) throw Failure{concat("cannot round a value of type ", type_name(value))};
  const std::int64_t precision = bound.integer(0, 0);
  const std::string method = bound.text(1, "common");
  if (precision < 0 || precision > 300) throw Failure{"round: expected a precision from 0 to 300"};
  if (method == "common") {
    if (as_integer(value)) return {*as_integer(value)};
    if (!std::isfinite(*number)) return value;
    // printf() rounds the exact value, half to even, as Python does.
    char text[700];
    std::snprintf(text, sizeof text, "%.*f", static_cast<int>(precision), *number);
    return {*parse_float(text)};
  }
  if (method != "ceil" && method != "floor") throw Failure{"method must be common, ceil or floor"};
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = *number * scale;
  return {(method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale};
}

Value filter_format(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Budget& budget = interpreter.budget();
  if (!arguments.named.empty()) throw Failure{"format: arguments with names are not supported"};
  return format_percent(budget, text_of(interpreter, value),
                        budget.list(arguments.values, Sequence::tuple));
}

Value filter_center(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound("center", arguments, {"width"});
  const Value text = interpreter.budget().text(text_of(interpreter, value));
  const Value center = get_attribute(interpreter.budget(), text, "center");
  return interpreter.call(center, {{Value{bound.integer(0, 80)}}});
}

Value filter_word_count(Interpreter& interpreter, const Value& value, const Arguments&) {
  std::int64_t count = 0;
  bool in_word = false;
  for (const char32_t c : code_points(text_of(interpreter, value))) {
    const bool is_word = c == U'_' || is_class(utf8({&c, 1}), "isalnum");
    if (is_word && !in_word) ++count;
    in_word = is_word;
  }
  return {count};
}

constexpr NamedFilter kFilters[] = {
    {"abs", filter_abs},
    {"capitalize", filter_text<capitalize>},
    {"center", filter_center},
    {"e", filter_escape},
    {"escape", filter_escape},
    {"float", filter_float},
    {"forceescape", filter_force_escape},
    {"format", filter_format},
    {"indent", filter_indent},
    {"int", filter_int},
    {"lower", filter_text<lower>},
    {"replace", filter_replace},
    {"round", filter_round},
    {"safe", filter_safe},
    {"string", filter_string},
    {"title", filter_text<title_words>},
    {"tojson", filter_json},
    {"trim", filter_trim},
    {"upper", filter_text<upper>},
    {"wordcount", filter_word_count},
};

}  // namespace

Filter find_text_filter(std::string_view name) {
  const auto found = std::find_if(std::begin(kFilters), std::end(kFilters),
                                  [&](const NamedFilter& filter) { return filter.first == name; });
  return found == std::end(kFilters) ? nullptr : found->second;
}

}  // namespace hadal::draf::jinja
