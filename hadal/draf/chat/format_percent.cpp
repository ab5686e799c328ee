#include "hadal/core/error.h"
#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/print.h"

#include <cstdio>

namespace hadal::draf::jinja {
namespace {

/// The values that a format takes, one after the other or by their names.
class Source {
 public:
  explicit Source(const Value& values) : values_(values) {
    const List* list = values.list();
    tuple_ = list && list->kind == Sequence::tuple ? list : nullptr;
  }

  const Value& next() {
    const std::size_t count = tuple_ ? tuple_->items.size() : 1;
    if (used_ == count) throw Failure{"not enough arguments for format string"};
    return tuple_ ? tuple_->items[used_++] : (++used_, values_);
  }

  void check_end() const {
    if (used_ < (tuple_ ? tuple_->items.size() : 1) && !values_.dict()) {
      throw Failure{"not all arguments converted during string formatting"};
    }
  }

 private:
  const Value& values_;
  const List* tuple_;
  std::size_t used_ = 0;
};

std::string convert(const Value& value, const std::string& precision, char type,
                    std::size_t longest) {
  if (type == 's') return to_text(value, longest);
  if (type == 'r') return to_repr(value, longest);
  const auto number = as_number(value);
  if (!number)
    throw Failure{concat("%", type, " format: a number is required, not ", type_name(value))};
  if (type == 'd' || type == 'i') {
    return std::to_string(as_integer(value).value_or(static_cast<std::int64_t>(*number)));
  }
  if (type != 'f') throw Failure{concat("the format '%", type, "' is not supported")};
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", precision.empty() ? 6 : std::stoi(precision), *number);
  return text;
}

}  // namespace

Value format_percent(Budget& budget, const std::string& format, const Value& values) {
  Source source(values);
  std::string result;
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      result += format[at];
      continue;
    }
    if (++at == format.size()) throw Failure{"incomplete format"};
    std::string precision;
    if (format[at] == '.') {
      while (++at < format.size() && format[at] >= '0' && format[at] <= '9')
        precision += format[at];
      if (precision.empty()) precision = "0";
      if (precision.size() > 2) throw Failure{"a format asks for more than 99 digits"};
    }
    if (at == format.size()) throw Failure{"incomplete format"};
    if (format[at] == '%') {
      result += '%';
    } else if (std::string_view("srdif").find(format[at]) == std::string_view::npos) {
      throw Failure{concat("the format '%", format[at], "' is not supported")};
    } else {
      result += convert(source.next(), precision, format[at], budget.bytes_left());
    }
    if (result.size() > budget.bytes_left()) budget.take_bytes(result.size());
  }
  source.check_end();
  return budget.text(std::move(result));
}

}  // namespace hadal::draf::jinja
