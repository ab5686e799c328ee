#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// What a number may be.
struct ConfigRange {
  std::optional<double> above = {};     ///< the value must be greater
  std::optional<double> at_least = {};  ///< or equal
  std::optional<double> at_most = {};
};

/// A table of a configuration file in TOML 1.0, read field by field: each call names a field, what
/// it may be and what it is where the file does not say. What is wrong with a file is told with its
/// line and field ("train.toml, line 7: optimizer.learning_rate: expected a number above 0, got
/// "fast""). Copies share what has been read.
///
///     const ConfigTable file = ConfigTable::read("train.toml");
///     const ConfigTable optimizer = file.table("optimizer");
///     options.learning_rate = optimizer.number("learning_rate", 1e-3, {.above = 0});
///     file.finish();  // refuses what nobody asked for
///
/// All functions throw FormatError, naming line and field, where the file has something else.
class ConfigTable {
 public:
  /// Throws IoError where the file cannot be read.
  static ConfigTable read(const std::filesystem::path& path);
  /// The same for `text`, which `source` names in errors.
  static ConfigTable parse(std::string_view text, const std::string& source);

  /// Without a fallback the field must be there.
  std::string text(std::string_view field, std::optional<std::string> fallback = {}) const;
  /// One of `choices`.
  std::string choice(std::string_view field, const std::vector<std::string>& choices,
                     std::optional<std::string> fallback = {}) const;
  /// Not NaN; an integer will do.
  double number(std::string_view field, std::optional<double> fallback,
                ConfigRange range = {}) const;
  std::int64_t integer(std::string_view field, std::optional<std::int64_t> fallback,
                       ConfigRange range = {}) const;
  bool flag(std::string_view field, std::optional<bool> fallback = {}) const;
  /// A list of texts; empty where the file has none.
  std::vector<std::string> texts(std::string_view field) const;
  /// The table `field`; an empty one where the file has none.
  ConfigTable table(std::string_view field) const;
  bool has(std::string_view field) const;

  /// Refuses a value that was read, for a reason that only the caller knows ("expected ...").
  [[noreturn]] void refuse(std::string_view field, const std::string& reason) const;
  /// Refuses a file with fields, here or in tables below, that nothing has asked for.
  void finish() const;

 private:
  struct State;
  explicit ConfigTable(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace hadal
