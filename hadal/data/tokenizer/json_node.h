#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace hadal::data {

/// A value of the file and its place there, which errors name. It must not outlive the value.
class JsonNode {
 public:
  /// `path` is the way from the root of the file `source`: `model.vocab`.
  JsonNode(const nlohmann::json& value, std::string source, std::string path = "")
      : value_(&value), source_(std::move(source)), path_(std::move(path)) {}

  const nlohmann::json& value() const { return *value_; }
  bool is_null() const { return value_->is_null(); }

  /// The member `key` of this object, or a null that stands in for it. Throws FormatError where
  /// this is no object.
  JsonNode at(const std::string& key) const;
  /// The members of this object, each with its key. Throws FormatError where this is no object.
  std::vector<std::pair<std::string_view, JsonNode>> members() const;
  /// The elements of this array. Throws FormatError where it is none.
  std::vector<JsonNode> elements() const;

  /// This value, which must be of that type. Throws FormatError.
  const std::string& string() const;
  bool boolean() const;
  /// Not negative.
  std::size_t integer() const;

  /// The same, or `fallback` where this is null.
  bool boolean_or(bool fallback) const { return is_null() ? fallback : boolean(); }
  std::string string_or(const std::string& fallback) const {
    return is_null() ? fallback : string();
  }

  /// Throws Unsupported for a member other than these: it might change what the tokenizer does.
  void allow_only(std::initializer_list<std::string_view> keys) const;

  [[noreturn]] void fail(const std::string& why) const;
  [[noreturn]] void unsupported(const std::string& what) const;

 private:
  std::string place() const { return path_.empty() ? source_ : source_ + ": " + path_; }
  [[noreturn]] void expected(const std::string& what) const;

  const nlohmann::json* value_;
  std::string source_;
  std::string path_;
};

}  // namespace hadal::data
