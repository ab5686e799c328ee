#pragma once

#include "hadal/draf/chat/value.h"

#include <optional>
#include <string>

namespace hadal::draf::jinja {

/// Python's str() and repr(). `longest` bounds the bytes, with Failure beyond: lists can hold one
/// text many times.
std::string to_text(const Value& value, std::size_t longest);
std::string to_repr(const Value& value, std::size_t longest);

/// Python's repr() of a float: the fewest digits that read back as it.
std::string float_text(double value);

/// The options of Python's json.dumps().
struct JsonStyle {
  bool ascii = false;
  std::optional<std::string> indent = {};
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};

/// Throws Failure for what JSON cannot hold.
std::string to_json(const Value& value, const JsonStyle& style, std::size_t longest);

}  // namespace hadal::draf::jinja
