#include "hadal/core/error.h"
#include "hadal/core/utf8.h"
#include "hadal/draf/chat/print.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace hadal::draf::jinja {
namespace {

class JsonPrinter {
 public:
  JsonPrinter(const JsonStyle& style, std::size_t longest) : style_(style), longest_(longest) {}

  void print(const Value& value) {
    if (const Text* string = value.text()) {
      print_text(string->text);
    } else if (const Dict* dict = value.dict()) {
      print_dict(*dict);
    } else if (const List* list = value.list(); list && list->kind <= Sequence::tuple) {
      print_list(*list);
    } else {
      append(scalar(value));
    }
  }

  std::string text;

 private:
  void append(std::string_view part) {
    text += part;
    if (text.size() > longest_) throw Failure{"the template makes too much text"};
  }

  static std::string scalar(const Value& value) {
    if (value.is_none()) return "null";
    if (const bool* boolean = std::get_if<bool>(&value.data)) return *boolean ? "true" : "false";
    if (const auto integer = as_integer(value)) return std::to_string(*integer);
    if (const auto number = as_number(value)) {
      if (std::isnan(*number)) return "NaN";
      if (std::isinf(*number)) return *number > 0 ? "Infinity" : "-Infinity";
      return float_text(*number);
    }
    throw Failure{concat("Object of type ", type_name(value), " is not JSON serializable")};
  }

  void print_text(std::string_view string) {
    append("\"");
    for (std::size_t at = 0; at < string.size(); at += utf8_length(string[at])) {
      const std::size_t length = utf8_length(string[at]);
      if (length == 1) {
        append_ascii(string[at]);
      } else if (style_.ascii) {
        append_escaped(first_code_point(string.substr(at)));
      } else {
        append(string.substr(at, length));
      }
    }
    append("\"");
  }

  void append_ascii(char c) {
    switch (c) {
      case '"':
        return append("\\\"");
      case '\\':
        return append("\\\\");
      case '\n':
        return append("\\n");
      case '\r':
        return append("\\r");
      case '\t':
        return append("\\t");
      case '\f':
        return append("\\f");
      case '\b':
        return append("\\b");
      default:
        break;
    }
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || (style_.ascii && c == 0x7f);
    if (is_control && c != 0x7f) return append_unit(static_cast<unsigned char>(c));
    append({&c, 1});
  }

  void append_unit(unsigned unit) {
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\u%04x", unit & 0xFFFF);
    append(escaped);
  }

  void append_escaped(char32_t c) {
    if (c < 0x10000) return append_unit(c);
    append_unit(0xD800 + ((c - 0x10000) >> 10));
    append_unit(0xDC00 + ((c - 0x10000) & 0x3FF));
  }

  /// Between the brackets: a line an item where there is an indent.
  void start_item(bool is_first) {
    if (!is_first) append(style_.item_separator);
    new_line();
  }

  void new_line() {
    if (!style_.indent) return;
    append("\n");
    for (int i = 0; i < level_; ++i) append(*style_.indent);
  }

  void print_list(const List& list) {
    if (list.items.empty()) return append("[]");
    append("[");
    ++level_;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      start_item(i == 0);
      print(list.items[i]);
    }
    --level_;
    new_line();
    append("]");
  }

  static std::string key_text(const Value& key) {
    if (const Text* string = key.text()) return string->text;
    if (key.list()) throw Failure{"keys must be str, int, float, bool or None, not tuple"};
    return scalar(key);
  }

  void print_dict(const Dict& dict) {
    if (dict.items.empty()) return append("{}");
    std::vector<std::pair<std::string, const Value*>> members;
    for (const auto& [key, value] : dict.items) members.emplace_back(key_text(key), &value);
    if (style_.sort_keys) {
      std::stable_sort(members.begin(), members.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
    }
    append("{");
    ++level_;
    for (std::size_t i = 0; i < members.size(); ++i) {
      start_item(i == 0);
      print_text(members[i].first);
      append(style_.key_separator);
      print(*members[i].second);
    }
    --level_;
    new_line();
    append("}");
  }

  const JsonStyle& style_;
  std::size_t longest_;
  int level_ = 0;
};

}  // namespace

std::string to_json(const Value& value, const JsonStyle& style, std::size_t longest) {
  JsonPrinter printer(style, longest);
  printer.print(value);
  return std::move(printer.text);
}

}  // namespace hadal::draf::jinja
