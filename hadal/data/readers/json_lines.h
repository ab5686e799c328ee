#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::data {

/// A JSON object of a line, or one nested in it. Copies share the values, which do not change.
///
/// Each function that takes a field throws FormatError where the object lacks it or where it is of
/// another type, naming the file, the line and the field, as in
/// `news.jsonl: line 3: field "systems.bart.summary[2]": expected a string, found a number`.
class JsonObject {
 public:
  /// The names of all fields, sorted by their bytes.
  std::vector<std::string> names() const;
  bool contains(std::string_view field) const;

  std::string string(std::string_view field) const;
  /// A number, be it written as an integer or not.
  double number(std::string_view field) const;
  /// A number written as an integer that an int64 holds.
  std::int64_t integer(std::string_view field) const;
  /// A list of strings.
  std::vector<std::string> strings(std::string_view field) const;
  JsonObject object(std::string_view field) const;

 private:
  friend class JsonLines;
  struct Node;
  explicit JsonObject(std::shared_ptr<const Node> node) : node_(std::move(node)) {}

  std::shared_ptr<const Node> node_;
};

/// The lines of a JSON Lines file (https://jsonlines.org), each of which is an object. Lines end
/// with LF or CR LF; a byte order mark and blank lines at the end are passed over.
class JsonLines {
 public:
  /// The longest line that is taken, in bytes.
  static constexpr std::size_t kMaxLineBytes = std::size_t{1} << 24;

  /// Reads the file, unpacked where it is gzip. Throws IoError where it cannot be read.
  explicit JsonLines(const std::filesystem::path& path);
  /// The same for the `text` of a file; `source` names it in errors.
  JsonLines(std::string text, std::string source);

  /// The next line's object, or nothing at the end. Throws FormatError, naming the line, where it
  /// is longer than kMaxLineBytes, blank, not UTF-8, not JSON, not an object, nested more than 64
  /// levels deep, or has a key twice.
  std::optional<JsonObject> next();

 private:
  std::optional<std::string_view> next_line();

  std::string text_;
  std::string source_;
  std::size_t at_ = 0;
  std::int64_t line_ = 0;
};

}  // namespace hadal::data
