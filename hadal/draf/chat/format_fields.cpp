#include "hadal/core/error.h"
#include "hadal/draf/chat/print.h"
#include "hadal/draf/chat/text_methods.h"

#include <algorithm>
#include <charconv>

namespace hadal::draf::jinja {
namespace {

/// The fields of one format: "{}", which takes the next value, "{0}" and "{name}".
class Fields {
 public:
  explicit Fields(const Arguments& arguments) : arguments_(arguments) {}

  const Value& find(std::string_view field) {
    const Values& values = arguments_.values;
    if (field.empty()) return at(next_++);
    if (field.find_first_of(".[!:{") != field.npos) {
      throw Failure{concat("format(): the field '{", field, "}' is not supported")};
    }
    std::size_t index = values.size();
    const char* end = field.data() + field.size();
    const auto parsed = std::from_chars(field.data(), end, index);
    if (parsed.ptr == end && parsed.ec == std::errc()) return at(index);
    const auto found = std::find_if(arguments_.named.begin(), arguments_.named.end(),
                                    [&](const auto& named) { return named.first == field; });
    if (found == arguments_.named.end()) {
      throw Failure{concat("format(): there is no argument '", field, "'")};
    }
    return found->second;
  }

 private:
  const Value& at(std::size_t index) const {
    if (index >= arguments_.values.size()) {
      throw Failure{concat("format(): there is no argument ", index)};
    }
    return arguments_.values[index];
  }

  const Arguments& arguments_;
  std::size_t next_ = 0;
};

}  // namespace

Value format_fields(Budget& budget, const std::string& format, const Arguments& arguments) {
  Fields fields(arguments);
  std::string result;
  for (std::size_t at = 0; at < format.size(); ++at) {
    const char c = format[at];
    if (c != '{' && c != '}') {
      result += c;
    } else if (at + 1 < format.size() && format[at + 1] == c) {
      result += c;
      ++at;
    } else {
      const std::size_t end = c == '{' ? format.find('}', at) : format.npos;
      if (end == format.npos) throw Failure{concat("format(): a '", c, "' stands alone")};
      const std::string_view field = std::string_view(format).substr(at + 1, end - at - 1);
      result += to_text(fields.find(field), budget.bytes_left());
      if (result.size() > budget.bytes_left()) budget.take_bytes(result.size());
      at = end;
    }
  }
  return budget.text(std::move(result));
}

}  // namespace hadal::draf::jinja
