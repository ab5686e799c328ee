#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace hadal {

/// What a JSON document of ours says of itself in its first two members, "schema" and
/// "schema_version".
struct JsonSchema {
  std::string_view name;
  int version;
  std::string_view document;  ///< as an error calls the whole: "the report"
  std::string_view hint;      ///< what to do about another version
};

// How a struct says what its JSON object has, once for writer (write.h) and reader (read.h). Beside
// the struct, in its namespace, is a function
//
//     constexpr auto fields_of(const Point*) {
//       return std::tuple{Field{"x", &Point::x}, Field{"y", &Point::y}};
//     }
//
// and beside an enumeration, whose values name_of() names, one that lists them
//
//     constexpr auto choices_of(const Colour*) { return std::array{Colour::red, Colour::blue}; }

/// How a member's value is told apart from "there is none" in JSON.
enum class Null {
  never,
  if_not_finite,  ///< a number that is NaN or infinite is written as null, which reads as NaN
  if_empty,       ///< an empty text is written as null, which reads as empty
  if_absent,      ///< the member of an empty optional is left out, and may be null too
};

/// A member of `Class` and its name in the JSON object.
template <class Class, class Value>
struct Field {
  const char* name;
  Value Class::* member;
  Null null = Null::never;
};

template <class Class, class Value>
Field(const char*, Value Class::*) -> Field<Class, Value>;
template <class Class, class Value>
Field(const char*, Value Class::*, Null) -> Field<Class, Value>;

/// Whether `value` is written as null.
inline bool is_null(double value, Null null) {
  return null == Null::if_not_finite && !std::isfinite(value);
}
inline bool is_null(const std::string& value, Null null) {
  return null == Null::if_empty && value.empty();
}
template <class Value>
bool is_null(const Value&, Null) {
  return false;
}

/// Whether the member is left out.
template <class Value>
bool is_absent(const std::optional<Value>& value, Null null) {
  return null == Null::if_absent && !value;
}
template <class Value>
bool is_absent(const Value&, Null) {
  return false;
}

/// What null reads as where it is allowed.
inline double null_value(double) { return std::numeric_limits<double>::quiet_NaN(); }
template <class Value>
Value null_value(const Value&) {
  return {};
}

/// A struct that says its fields.
template <class Class>
concept Described = requires(const Class* none) { fields_of(none); };

/// Calls `visit(field)` for each field of `Class`, in order.
template <Described Class, class Visit>
void for_each_field(const Visit& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); },
             fields_of(static_cast<const Class*>(nullptr)));
}

}  // namespace hadal
