#pragma once

#include "hadal/core/error.h"
#include "hadal/core/json/read.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace hadal::models {

/// The members of an object of a Hugging Face file, where many may be absent or null.
class Members {
 public:
  /// `path` is the object's place in its document; `json` must outlive this.
  explicit Members(const nlohmann::json& json, std::string path = "")
      : json_(&json), path_(std::move(path)) {
    if (!json.is_object()) {
      json_detail::refuse(path_.empty() ? "the file" : path_, "an object",
                          json_detail::shown(json));
    }
  }

  /// The member's value, or null where there is none.
  const nlohmann::json& at(const char* name) const {
    static const nlohmann::json kNull;
    const auto found = json_->find(name);
    return found == json_->end() ? kNull : *found;
  }
  bool has(const char* name) const { return !at(name).is_null(); }
  bool contains(const char* name) const { return json_->contains(name); }
  std::string path(const char* name) const { return json_detail::member(path_, name); }

  template <class Value>
  Value get(const char* name) const {
    if (!has(name)) json_detail::refuse(path(name), "this member", "none");
    Value value{};
    read_json(at(name), path(name), value);
    return value;
  }
  template <class Value>
  Value get_or(const char* name, Value fallback) const {
    return has(name) ? get<Value>(name) : fallback;
  }
  /// An integer from `least` to `most`.
  std::int64_t integer(const char* name, std::int64_t least, std::int64_t most) const {
    const auto value = get<std::int64_t>(name);
    if (value < least || value > most) {
      json_detail::refuse(path(name), concat("an integer from ", least, " to ", most),
                          json_detail::shown(at(name)));
    }
    return value;
  }
  /// A finite number from `least` to `most`.
  double number(const char* name, double least, double most) const {
    const auto value = get<double>(name);
    if (!std::isfinite(value) || value < least || value > most) {
      json_detail::refuse(path(name), concat("a number from ", least, " to ", most),
                          json_detail::shown(at(name)));
    }
    return value;
  }
  double number_or(const char* name, double fallback, double least, double most) const {
    return has(name) ? number(name, least, most) : fallback;
  }
  /// One token id or a list of them; empty where there is none.
  std::vector<std::int64_t> ids(const char* name) const {
    if (!has(name)) return {};
    if (!at(name).is_array()) return {integer(name, 0, kMostId)};
    constexpr std::size_t kMost = 1024;
    if (at(name).size() > kMost) {
      json_detail::refuse(path(name), concat("at most ", kMost, " ids"),
                          concat(at(name).size(), " ids"));
    }
    const auto ids = get<std::vector<std::int64_t>>(name);
    for (const std::int64_t id : ids) {
      if (id < 0 || id > kMostId) json_detail::refuse(path(name), "token ids", concat(id));
    }
    return ids;
  }

 private:
  static constexpr std::int64_t kMostId = (std::int64_t{1} << 31) - 1;

  const nlohmann::json* json_;
  std::string path_;
};

}  // namespace hadal::models
