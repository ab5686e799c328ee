#include "hadal/data/tokenizer/json_node.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <unordered_set>

namespace hadal::data {
namespace {

using nlohmann::json;

/// Watches a parse for what the parsed value no longer shows: keys that came twice, and nesting.
class Watch {
 public:
  explicit Watch(const std::string& source) : source_(source) {}

  bool operator()(int depth, json::parse_event_t event, json& value) {
    constexpr int kDeepest = 32;
    if (depth > kDeepest) {
      throw FormatError(concat(source_, ": nested more than ", kDeepest, " levels deep"));
    }
    if (event == json::parse_event_t::object_start) keys_.emplace_back();
    if (event == json::parse_event_t::object_end) keys_.pop_back();
    if (event == json::parse_event_t::key) {
      const auto [key, is_new] = keys_.back().insert(value.get<std::string>());
      if (!is_new) throw FormatError(concat(source_, ": the key ", quote(*key), " comes twice"));
    }
    return true;
  }

 private:
  const std::string& source_;
  std::vector<std::unordered_set<std::string>> keys_;
};

}  // namespace

std::string quote(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  const std::string shown = json(std::string(text.substr(0, kLongest)))
                                .dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() > kLongest ? shown + "..." : shown;
}

json parse_json(std::string_view text, const std::string& source) {
  // The JSON parser takes a NUL for the end of its input and would not see what comes after.
  if (const auto nul = text.find('\0'); nul != text.npos) {
    throw FormatError(concat(source, ": byte ", nul, ": the text contains a NUL"));
  }
  try {
    return json::parse(text, Watch(source));
  } catch (const json::parse_error& error) {
    const std::size_t byte = error.byte > 0 ? error.byte - 1 : 0;
    throw FormatError(concat(source, ": near byte ", byte, ": invalid JSON"),
                      "download the file again; it may be cut short");
  } catch (const json::exception&) {
    throw FormatError(concat(source, ": invalid JSON: a number is out of range"));
  }
}

JsonNode JsonNode::at(const std::string& key) const {
  static const json kNull;
  if (!value_->is_object()) expected("an object");
  const auto member = value_->find(key);
  return {member == value_->end() ? kNull : *member, source_,
          path_.empty() ? key : path_ + "." + key};
}

std::vector<std::pair<std::string_view, JsonNode>> JsonNode::members() const {
  if (!value_->is_object()) expected("an object");
  std::vector<std::pair<std::string_view, JsonNode>> nodes;
  nodes.reserve(value_->size());
  for (const auto& [key, value] : value_->get_ref<const json::object_t&>()) {
    nodes.emplace_back(key, JsonNode(value, source_, path_ + "[" + quote(key) + "]"));
  }
  return nodes;
}

std::vector<JsonNode> JsonNode::elements() const {
  if (!value_->is_array()) expected("an array");
  std::vector<JsonNode> nodes;
  nodes.reserve(value_->size());
  for (const json& element : *value_) {
    nodes.emplace_back(element, source_, concat(path_, "[", nodes.size(), "]"));
  }
  return nodes;
}

const std::string& JsonNode::string() const {
  if (!value_->is_string()) expected("a string");
  return value_->get_ref<const std::string&>();
}

bool JsonNode::boolean() const {
  if (!value_->is_boolean()) expected("true or false");
  return value_->get<bool>();
}

std::size_t JsonNode::integer() const {
  if (!value_->is_number_unsigned()) expected("an integer that is not negative");
  return value_->get<std::size_t>();
}

void JsonNode::allow_only(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, value] : members()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      unsupported("the field " + quote(key));
    }
  }
}

void JsonNode::fail(const std::string& why) const { throw FormatError(concat(place(), ": ", why)); }

void JsonNode::unsupported(const std::string& what) const {
  throw Unsupported(concat(place(), ": ", what, " is not supported"),
                    "load_tokenizer() reads byte-pair-encoding tokenizers; its documentation lists "
                    "the parts");
}

void JsonNode::expected(const std::string& what) const {
  std::string found = is_null() ? "nothing" : std::string("an ") + value_->type_name();
  if (value_->is_string()) found = quote(string());
  if (value_->is_number() || value_->is_boolean()) found = value_->dump();
  fail(concat("expected ", what, ", found ", found));
}

}  // namespace hadal::data
