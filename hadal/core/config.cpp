#include "hadal/core/config.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#define TOML_HEADER_ONLY 1
#include <toml++/impl/preprocessor.h>
// What toml++ asserts of its input does not hold for all of it ("[{"), though it checks the same
// afterwards; an optimizer that may assume it leaves the check out.
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expression) static_cast<void>(0)
#include <toml++/toml.h>

namespace hadal {

struct ConfigTable::State {
  std::shared_ptr<const toml::table> document;  // keeps `table` alive
  const toml::table* table = nullptr;           // null for one that the file does not have
  std::string source;
  std::string path;  // of the table, "optimizer."; empty for the file itself
  mutable std::set<std::string, std::less<>> asked = {};
  mutable std::map<std::string, ConfigTable, std::less<>> tables = {};

  const toml::node* find(std::string_view field) const {
    asked.emplace(field);
    return table == nullptr ? nullptr : table->get(field);
  }

  [[noreturn]] void fail(std::string_view field, const toml::node* at, const std::string& problem,
                         const std::string& hint = "") const {
    std::string place = source;
    if (at != nullptr) place += concat(", line ", at->source().begin.line);
    throw FormatError(concat(place, ": ", path, field, ": ", problem), hint);
  }

  [[noreturn]] void missing(std::string_view field, std::string_view expected) const {
    fail(field, table, concat("expected ", expected, ", but the field is missing"));
  }
};

namespace {

constexpr std::size_t kMostBytes = 1 << 20;

std::string describe(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "a list";
  if (const auto text = node.value_exact<std::string>()) return quote(*text);
  return node.visit([](const auto& value) {
    if constexpr (toml::is_chronological<decltype(value)>) {
      return std::string("a date or time");
    } else if constexpr (toml::is_boolean<decltype(value)>) {
      return std::string(value.get() ? "true" : "false");
    } else if constexpr (toml::is_number<decltype(value)>) {
      return concat(value.get());
    } else {
      return std::string("something else");
    }
  });
}

std::string describe(std::string_view noun, const ConfigRange& range) {
  std::string text(noun);
  if (range.above) text += concat(" above ", *range.above);
  if (range.at_least) text += concat(" from ", *range.at_least);
  if (range.at_most) text += concat(range.at_least ? " to " : ", at most ", *range.at_most);
  return text;
}

bool within(double value, const ConfigRange& range) {
  return !std::isnan(value) && (!range.above || value > *range.above) &&
         (!range.at_least || value >= *range.at_least) &&
         (!range.at_most || value <= *range.at_most);
}

}  // namespace

ConfigTable ConfigTable::parse(std::string_view text, const std::string& source) {
  const auto state = std::make_shared<State>();
  state->source = source;
  try {
    const auto document = std::make_shared<toml::table>(toml::parse(text, source));
    state->document = document;
    state->table = document.get();
  } catch (const toml::parse_error& error) {
    throw FormatError(concat(source, ", line ", error.source().begin.line, ", column ",
                             error.source().begin.column, ": ", printable(error.description())),
                      "the file has to be TOML: https://toml.io");
  }
  return ConfigTable(state);
}

ConfigTable ConfigTable::read(const std::filesystem::path& path) {
  return parse(read_file(path, kMostBytes), path.string());
}

std::string ConfigTable::text(std::string_view field, std::optional<std::string> fallback) const {
  const toml::node* node = state_->find(field);
  if (node == nullptr && fallback) return *fallback;
  if (node == nullptr) state_->missing(field, "a text");
  const auto value = node->value_exact<std::string>();
  if (!value) state_->fail(field, node, concat("expected a text, got ", describe(*node)));
  return *value;
}

std::string ConfigTable::choice(std::string_view field, const std::vector<std::string>& choices,
                                std::optional<std::string> fallback) const {
  const toml::node* node = state_->find(field);
  const std::string expected = "one of " + join(choices);
  if (node == nullptr && fallback) return *fallback;
  if (node == nullptr) state_->missing(field, expected);
  const auto value = node->value_exact<std::string>();
  if (!value || std::ranges::find(choices, *value) == choices.end()) {
    state_->fail(field, node, concat("expected ", expected, ", got ", describe(*node)));
  }
  return *value;
}

double ConfigTable::number(std::string_view field, std::optional<double> fallback,
                           ConfigRange range) const {
  const toml::node* node = state_->find(field);
  const std::string expected = describe("a number", range);
  if (node == nullptr && fallback) return *fallback;
  if (node == nullptr) state_->missing(field, expected);
  const auto value = node->is_number() ? node->value<double>() : std::nullopt;
  if (!value || !within(*value, range)) {
    state_->fail(field, node, concat("expected ", expected, ", got ", describe(*node)));
  }
  return *value;
}

std::int64_t ConfigTable::integer(std::string_view field, std::optional<std::int64_t> fallback,
                                  ConfigRange range) const {
  const toml::node* node = state_->find(field);
  const std::string expected = describe("an integer", range);
  if (node == nullptr && fallback) return *fallback;
  if (node == nullptr) state_->missing(field, expected);
  const auto value = node->value_exact<std::int64_t>();
  if (!value || !within(static_cast<double>(*value), range)) {
    state_->fail(field, node, concat("expected ", expected, ", got ", describe(*node)));
  }
  return *value;
}

bool ConfigTable::flag(std::string_view field, std::optional<bool> fallback) const {
  const toml::node* node = state_->find(field);
  if (node == nullptr && fallback) return *fallback;
  if (node == nullptr) state_->missing(field, "true or false");
  const auto value = node->value_exact<bool>();
  if (!value) state_->fail(field, node, concat("expected true or false, got ", describe(*node)));
  return *value;
}

std::vector<std::string> ConfigTable::texts(std::string_view field) const {
  std::vector<std::string> values;
  const toml::node* node = state_->find(field);
  if (node == nullptr) return values;
  if (!node->is_array()) {
    state_->fail(field, node, concat("expected a list of texts, got ", describe(*node)));
  }
  for (const toml::node& item : *node->as_array()) {
    const auto value = item.value_exact<std::string>();
    if (!value) {
      state_->fail(field, &item,
                   concat("expected a list of texts, got ", describe(item), " in it"));
    }
    values.push_back(*value);
  }
  return values;
}

ConfigTable ConfigTable::table(std::string_view field) const {
  if (const auto known = state_->tables.find(field); known != state_->tables.end()) {
    return known->second;
  }
  const toml::node* node = state_->find(field);
  if (node != nullptr && !node->is_table()) {
    state_->fail(field, node, concat("expected a table, got ", describe(*node)));
  }
  const auto state = std::make_shared<State>();
  state->document = state_->document;
  state->table = node == nullptr ? nullptr : node->as_table();
  state->source = state_->source;
  state->path = concat(state_->path, field, ".");
  return state_->tables.emplace(field, ConfigTable(state)).first->second;
}

bool ConfigTable::has(std::string_view field) const { return state_->find(field) != nullptr; }

void ConfigTable::refuse(std::string_view field, const std::string& reason) const {
  state_->fail(field, state_->find(field), reason);
}

void ConfigTable::finish() const {
  if (state_->table == nullptr) return;
  for (const auto& [key, node] : *state_->table) {
    const std::string_view field = key.str();
    if (!state_->asked.contains(field)) {
      state_->fail(printable(field), &node, "unknown field",
                   "known here: " + join({state_->asked.begin(), state_->asked.end()}));
    }
  }
  for (const auto& [field, below] : state_->tables) below.finish();
}

}  // namespace hadal
