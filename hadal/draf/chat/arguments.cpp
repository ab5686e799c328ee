#include "hadal/draf/chat/arguments.h"

#include <algorithm>

namespace hadal::draf::jinja {

Bound::Bound(std::string_view callee, const Arguments& arguments,
             std::initializer_list<std::string_view> parameters)
    : callee_(callee), names_(parameters), values_(parameters.size()) {
  if (arguments.values.size() > names_.size()) {
    throw Failure{concat(callee, " takes at most ", names_.size(), " arguments, got ",
                         arguments.values.size())};
  }
  for (std::size_t i = 0; i < arguments.values.size(); ++i) values_[i] = &arguments.values[i];
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::find(names_.begin(), names_.end(), name);
    const auto at = static_cast<std::size_t>(found - names_.begin());
    if (found == names_.end() || values_[at]) {
      throw Failure{concat(callee, " got ", found == names_.end() ? "an unexpected" : "a second",
                           " argument '", name, "'")};
    }
    values_[at] = &value;
  }
}

void Bound::refuse(std::size_t parameter, std::string_view expected) const {
  const Value* value = values_[parameter];
  if (value && value->is_undefined()) throw Failure{*std::get<Undefined>(value->data).why};
  throw Failure{concat(callee_, ": expected ", expected, " for '", names_[parameter], "', got ",
                       value ? type_name(*value) : "nothing")};
}

const Value& Bound::value(std::size_t parameter) const {
  if (!values_[parameter]) refuse(parameter, "a value");
  return *values_[parameter];
}

Value Bound::value(std::size_t parameter, Value otherwise) const {
  return values_[parameter] ? *values_[parameter] : std::move(otherwise);
}

bool Bound::flag(std::size_t parameter, bool otherwise) const {
  return values_[parameter] ? is_true(*values_[parameter]) : otherwise;
}

std::int64_t Bound::integer(std::size_t parameter) const {
  const auto integer = values_[parameter] ? as_integer(*values_[parameter]) : std::nullopt;
  if (!integer) refuse(parameter, "an integer");
  return *integer;
}

std::int64_t Bound::integer(std::size_t parameter, std::int64_t otherwise) const {
  const bool is_there = values_[parameter] && !values_[parameter]->is_none();
  return is_there ? integer(parameter) : otherwise;
}

const std::string& Bound::text(std::size_t parameter) const {
  const Text* text = values_[parameter] ? values_[parameter]->text() : nullptr;
  if (!text) refuse(parameter, "a string");
  return text->text;
}

std::string Bound::text(std::size_t parameter, std::string_view otherwise) const {
  return values_[parameter] ? text(parameter) : std::string(otherwise);
}

std::optional<std::string> Bound::optional_text(std::size_t parameter) const {
  if (!values_[parameter] || values_[parameter]->is_none()) return std::nullopt;
  return text(parameter);
}

}  // namespace hadal::draf::jinja
