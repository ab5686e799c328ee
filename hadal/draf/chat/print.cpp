#include "hadal/draf/chat/print.h"

#include "hadal/core/error.h"
#include "hadal/core/utf8.h"
#include "hadal/draf/chat/python_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include <utf8proc.h>

namespace hadal::draf::jinja {
namespace {

std::string hex(char32_t value, int digits) {
  char text[16];
  std::snprintf(text, sizeof text, "%0*x", digits, static_cast<unsigned>(value));
  return text;
}

bool is_printable(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    case UTF8PROC_CATEGORY_ZS:
      return c == U' ';
    default:
      return true;
  }
}

std::string repr_of_text(const std::string& text) {
  const bool has_single = text.find('\'') != std::string::npos;
  const char quote = has_single && text.find('"') == std::string::npos ? '"' : '\'';
  std::string result(1, quote);
  for (const char32_t c : code_points(text)) {
    if (c == static_cast<unsigned char>(quote) || c == U'\\') {
      result += {'\\', static_cast<char>(c)};
    } else if (c == U'\n') {
      result += "\\n";
    } else if (c == U'\r') {
      result += "\\r";
    } else if (c == U'\t') {
      result += "\\t";
    } else if (is_printable(c)) {
      append_utf8(result, c);
    } else {
      result += c < 0x100 ? "\\x" + hex(c, 2) : c < 0x10000 ? "\\u" + hex(c, 4) : "\\U" + hex(c, 8);
    }
  }
  return result + quote;
}

class Printer {
 public:
  explicit Printer(std::size_t longest) : longest_(longest) {}

  void print(const Value& value) {
    if (const Text* text = value.text()) {
      append(text->markup ? "Markup(" + repr_of_text(text->text) + ")" : repr_of_text(text->text));
    } else if (value.is_undefined()) {
      append("Undefined");
    } else if (value.is_none()) {
      append("None");
    } else if (const bool* boolean = std::get_if<bool>(&value.data)) {
      append(*boolean ? "True" : "False");
    } else if (const auto integer = as_integer(value)) {
      append(std::to_string(*integer));
    } else if (const auto number = as_number(value)) {
      append(float_text(*number));
    } else if (const Dict* dict = value.dict()) {
      print_dict(*dict);
    } else if (const List* list = value.list()) {
      print_list(*list);
    } else if (const Namespace* space = value.space()) {
      print_space(*space);
    } else {
      append(concat("<", type_name(value), ">"));
    }
  }

  std::string text;

 private:
  void append(std::string_view part) {
    text += part;
    if (text.size() > longest_) throw Failure{"the template makes too much text"};
  }

  void print_dict(const Dict& dict) {
    append("{");
    for (std::size_t i = 0; i < dict.items.size(); ++i) {
      if (i > 0) append(", ");
      print(dict.items[i].first);
      append(": ");
      print(dict.items[i].second);
    }
    append("}");
  }

  void print_space(const Namespace& space) {
    // Namespaces can hold each other.
    if (++spaces_ > kMostDepth) throw Failure{"namespaces are nested too deeply to print"};
    append("<Namespace ");
    print_dict(space.attributes);
    append(">");
    --spaces_;
  }

  void print_list(const List& list) {
    if (list.kind == Sequence::generator) return append("<generator object>");
    if (list.kind == Sequence::range) {
      const auto size = static_cast<std::int64_t>(list.items.size());
      const std::int64_t begin = size > 0 ? *as_integer(list.items[0]) : 0;
      return append(concat("range(", begin, ", ", begin + size, ")"));
    }
    const bool is_view = list.kind >= Sequence::keys;
    if (is_view)
      append(concat(type_name({std::make_shared<const List>(List{{}, list.kind})}), "("));
    const bool is_tuple = list.kind == Sequence::tuple;
    append(is_tuple ? "(" : "[");
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) append(", ");
      print(list.items[i]);
    }
    if (is_tuple && list.items.size() == 1) append(",");
    append(is_tuple ? ")" : "]");
    if (is_view) append(")");
  }

  std::size_t longest_;
  int spaces_ = 0;
};

}  // namespace

std::string to_repr(const Value& value, std::size_t longest) {
  Printer printer(longest);
  printer.print(value);
  return std::move(printer.text);
}

std::string to_text(const Value& value, std::size_t longest) {
  if (const Text* text = value.text()) return text->text;
  if (value.is_undefined()) return "";
  return to_repr(value, longest);
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string shortest(buffer, end.ptr);
  const std::size_t mark = shortest.find('e');
  const int exponent = std::atoi(shortest.c_str() + mark + 1);
  // Python turns to an exponent where C's "%.17g" does, but for the 16 instead of 17.
  if (exponent < -4 || exponent >= 16) return shortest;
  const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  std::string text(buffer, fixed.ptr);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

}  // namespace hadal::draf::jinja
