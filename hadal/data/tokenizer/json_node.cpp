#include "hadal/data/tokenizer/json_node.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <algorithm>

namespace hadal::data {

using nlohmann::json;

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
