#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace hadal::draf::server {

/// The members of a request's JSON object, read by type. A member that is null counts as absent,
/// as in OpenAI's API. All throw ApiError (400) that names the member, what was expected and what
/// was found.
class Fields {
 public:
  /// `object` must outlive this; `path` goes before the names in errors ("stream_options.").
  explicit Fields(const nlohmann::json& object, std::string path = "");

  /// The member, or nothing where it is absent or null.
  const nlohmann::json* find(std::string_view name) const;
  bool flag(std::string_view name, bool otherwise) const;
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t low,
                                      std::int64_t high) const;
  double number(std::string_view name, double low, double high, double otherwise) const;
  std::optional<std::string> text(std::string_view name) const;
  /// A text, or an array of at most `most` texts.
  std::vector<std::string> texts(std::string_view name, std::size_t most) const;
  /// A member that must be an object.
  std::optional<Fields> object(std::string_view name) const;
  /// Throws where the member is there: `why` says what the server cannot do.
  void refuse(std::string_view name, std::string_view why) const;

  std::string path_of(std::string_view name) const;
  const nlohmann::json& whole() const { return object_; }

 private:
  const nlohmann::json& object_;
  std::string path_;
};

/// Parses a body: an object of JSON, without what parsers differ on. Throws ApiError (400).
nlohmann::json parse_body(std::string_view body);

/// Throws ApiError: "temperature: expected a number, found \"hot\"".
[[noreturn]] void wrong_type(const std::string& param, std::string_view expected,
                             const nlohmann::json& found);

}  // namespace hadal::draf::server
