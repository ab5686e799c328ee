#include "hadal/draf/chat/text_methods.h"

#include "hadal/draf/chat/operators.h"
#include "hadal/draf/chat/python_text.h"

#include <algorithm>
#include <array>

namespace hadal::draf::jinja {
namespace {

using Call = Value (*)(Budget&, const std::string& text, const std::string& name, const Arguments&);

Value text_list(Budget& budget, const std::vector<std::string>& parts,
                Sequence kind = Sequence::list) {
  Values items;
  for (const std::string& part : parts) items.push_back(budget.text(part));
  return budget.list(std::move(items), kind);
}

Value call_strip(Budget& budget, const std::string& text, const std::string& name,
                 const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {"chars"});
  const auto which = bound.optional_text(0);
  std::string_view rest = text;
  if (which) budget.step(which->size() / 16);
  if (name != "rstrip") rest.remove_prefix(leading(rest, which));
  if (name != "lstrip") rest.remove_suffix(trailing(rest, which));
  return budget.text(std::string(rest));
}

Value call_split(Budget& budget, const std::string& text, const std::string& name,
                 const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {"sep", "maxsplit"});
  const auto separator = bound.optional_text(0);
  if (separator && separator->empty()) throw Failure{"empty separator"};
  // Each byte may become a text of its own.
  budget.take_bytes(text.size());
  const std::int64_t most = bound.integer(1, -1);
  return text_list(
      budget, name == "split" ? split(text, separator, most) : split_right(text, separator, most));
}

Value call_split_lines(Budget& budget, const std::string& text, const std::string& name,
                       const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {"keepends"});
  return text_list(budget, split_lines(text, bound.flag(0)));
}

Value call_case(Budget& budget, const std::string& text, const std::string& name,
                const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {});
  budget.take_bytes(text.size() * 4);
  if (name == "upper") return budget.text(upper(text));
  if (name == "lower") return budget.text(lower(text));
  if (name == "title") return budget.text(title(text));
  if (name == "capitalize") return budget.text(capitalize(text));
  return budget.text(swapcase(text));
}

Value call_class(Budget& budget, const std::string& text, const std::string& name,
                 const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {});
  budget.take_bytes(text.size() * 4);
  return {is_class(text, name)};
}

Value call_replace(Budget& budget, const std::string& text, const std::string& name,
                   const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {"old", "new", "count"});
  return budget.text(
      replace(text, bound.text(0), bound.text(1), bound.integer(2, -1), budget.bytes_left()));
}

Value call_remove(Budget& budget, const std::string& text, const std::string& name,
                  const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {"affix"});
  std::string_view rest = text;
  const std::string& affix = bound.text(0);
  if (name == "removeprefix" && rest.starts_with(affix)) rest.remove_prefix(affix.size());
  if (name == "removesuffix" && rest.ends_with(affix)) rest.remove_suffix(affix.size());
  return budget.text(std::string(rest));
}

/// text[begin:end], as the methods that search take.
std::string part(Budget& budget, const std::string& text, const Bound& bound) {
  if (!bound.find(1) && !bound.find(2)) return text;
  const Value none{None{}};
  return get_slice(budget, make_text(text), bound.value(1, none), bound.value(2, none), none)
      .text()
      ->text;
}

Value call_starts_or_ends(Budget& budget, const std::string& text, const std::string& name,
                          const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {"affix", "start", "end"});
  const std::string within = part(budget, text, bound);
  const auto is_there = [&](const Value& affix) {
    if (!affix.text()) throw Failure{name + "(): expected a string or a tuple of strings"};
    return name == "startswith" ? within.starts_with(affix.text()->text)
                                : within.ends_with(affix.text()->text);
  };
  const List* several = bound.value(0).list();
  if (!several || several->kind != Sequence::tuple) return {is_there(bound.value(0))};
  return {std::any_of(several->items.begin(), several->items.end(), is_there)};
}

Value call_find(Budget& budget, const std::string& text, const std::string& name,
                const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {"part", "start", "end"});
  budget.take_bytes(text.size());
  const std::string within = part(budget, text, bound);
  const bool from_right = name[0] == 'r';
  const std::size_t at = from_right ? within.rfind(bound.text(0)) : within.find(bound.text(0));
  if (at == std::string::npos) {
    if (name.ends_with("index")) throw Failure{"substring not found"};
    return {std::int64_t{-1}};
  }
  std::int64_t skipped = bound.integer(1, 0);
  const std::int64_t size = count_code_points(text);
  if (skipped < 0) skipped = std::max<std::int64_t>(skipped + size, 0);
  return {skipped + count_code_points(std::string_view(within).substr(0, at))};
}

Value call_count(Budget& budget, const std::string& text, const std::string& name,
                 const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {"part", "start", "end"});
  budget.take_bytes(text.size());
  const std::string within = part(budget, text, bound);
  const std::string& one = bound.text(0);
  if (one.empty()) return {count_code_points(within) + 1};
  std::int64_t count = 0;
  for (std::size_t at = 0; (at = within.find(one, at)) != std::string::npos; at += one.size())
    ++count;
  return {count};
}

Value call_join(Budget& budget, const std::string& text, const std::string& name,
                const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {"items"});
  const auto items = iterate(budget, bound.value(0));
  for (const Value& item : items->items) {
    if (!item.text()) {
      throw Failure{concat("join(): expected str items, got ", type_name(item))};
    }
  }
  return join_texts(budget, text, items->items);
}

Value call_partition(Budget& budget, const std::string& text, const std::string& name,
                     const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {"sep"});
  const std::string& separator = bound.text(0);
  if (separator.empty()) throw Failure{"empty separator"};
  const bool from_right = name == "rpartition";
  const std::size_t at = from_right ? text.rfind(separator) : text.find(separator);
  if (at == std::string::npos) {
    return from_right ? text_list(budget, {"", "", text}, Sequence::tuple)
                      : text_list(budget, {text, "", ""}, Sequence::tuple);
  }
  return text_list(budget, {text.substr(0, at), separator, text.substr(at + separator.size())},
                   Sequence::tuple);
}

Value call_pad(Budget& budget, const std::string& text, const std::string& name,
               const Arguments& arguments) {
  const Bound bound(name + "()", arguments, {"width", "fillchar"});
  const std::string fill = name == "zfill" ? "0" : bound.text(1, " ");
  if (count_code_points(fill) != 1) throw Failure{name + "(): expected one character to fill with"};
  const std::int64_t gap = bound.integer(0) - count_code_points(text);
  if (gap <= 0) return budget.text(text);
  const Value count{name == "ljust" ? 0
                    : name == "center"
                        // The odd one goes to the left where the width is odd, as in Python.
                        ? gap / 2 + (gap & bound.integer(0) & 1)
                        : gap};
  const Value rest{gap - std::get<std::int64_t>(count.data)};
  const std::string left = calculate(budget, "*", make_text(fill), count).text()->text;
  const std::string right = calculate(budget, "*", make_text(fill), rest).text()->text;
  const bool has_sign = name == "zfill" && !text.empty() && (text[0] == '-' || text[0] == '+');
  if (has_sign) return budget.text(text[0] + left + text.substr(1));
  return budget.text(left + text + right);
}

struct Entry {
  std::string_view name;
  Call call;  ///< null for one that no template is known to use
};

constexpr std::array<Entry, 46> kMethods = {{
    {"capitalize", call_case},
    {"casefold", nullptr},
    {"center", call_pad},
    {"count", call_count},
    {"encode", nullptr},
    {"endswith", call_starts_or_ends},
    {"expandtabs", nullptr},
    {"find", call_find},
    {"format", nullptr},
    {"format_map", nullptr},
    {"index", call_find},
    {"isalnum", call_class},
    {"isalpha", call_class},
    {"isascii", call_class},
    {"isdecimal", call_class},
    {"isdigit", call_class},
    {"isidentifier", nullptr},
    {"islower", call_class},
    {"isnumeric", call_class},
    {"isprintable", nullptr},
    {"isspace", call_class},
    {"istitle", nullptr},
    {"isupper", call_class},
    {"join", call_join},
    {"ljust", call_pad},
    {"lower", call_case},
    {"lstrip", call_strip},
    {"maketrans", nullptr},
    {"partition", call_partition},
    {"removeprefix", call_remove},
    {"removesuffix", call_remove},
    {"replace", call_replace},
    {"rfind", call_find},
    {"rindex", call_find},
    {"rjust", call_pad},
    {"rpartition", call_partition},
    {"rsplit", call_split},
    {"rstrip", call_strip},
    {"split", call_split},
    {"splitlines", call_split_lines},
    {"startswith", call_starts_or_ends},
    {"strip", call_strip},
    {"swapcase", call_case},
    {"title", call_case},
    {"upper", call_case},
    {"zfill", call_pad},
}};

}  // namespace

bool is_text_method(std::string_view name) {
  return std::any_of(kMethods.begin(), kMethods.end(),
                     [&](const Entry& entry) { return entry.name == name; });
}

Value call_text_method(Budget& budget, const Method& method, const Arguments& arguments) {
  const auto found = std::find_if(kMethods.begin(), kMethods.end(),
                                  [&](const Entry& entry) { return entry.name == method.name; });
  if (!found->call) throw Failure{concat("the method ", method.name, "() of str is not supported")};
  const std::string& text = method.self.text()->text;
  budget.take_bytes(text.size());
  return found->call(budget, text, method.name, arguments);
}

Value join_texts(Budget& budget, const std::string& separator, const Values& items) {
  std::string joined;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) joined += separator;
    joined += items[i].text()->text;
    budget.step();
    if (joined.size() > budget.bytes_left()) budget.take_bytes(joined.size());
  }
  return budget.text(std::move(joined));
}

}  // namespace hadal::draf::jinja
