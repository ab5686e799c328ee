#pragma once

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

/// What the tests of all readers say about the files that testdata/make_corpus.py makes.
namespace hadal::data::corpus {

struct Malformed {
  std::string file;
  /// Without the name of the source, "F: ". Of invalid JSON, all that comes before the words of
  /// the parser, which are not ours.
  std::string error;
};

/// The folder of the inputs of one reader.
inline std::filesystem::path folder(const std::string& reader) {
  return hadal::testing::source_path("hadal/data/readers/testdata") / reader;
}

inline std::string content(const std::string& reader, const std::string& file) {
  return read_file(folder(reader) / file);
}

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// The message of the Error that `read` throws, as in Malformed.
template <class Read>
std::string error_of(const Read& read) {
  return hadal::testing::without_json_reason(hadal::testing::error_of<Error>(read));
}

/// Holds that `read(bytes, "F")` has the error of each malformed file, and none for the others,
/// which are `sound` in number.
template <class Read>
void expect_errors(const std::string& reader, const std::vector<Malformed>& malformed,
                   std::size_t sound, const Read& read) {
  std::set<std::string> seen;
  for (const auto& [file, error] : malformed) {
    const std::string text = content(reader, file);
    EXPECT_EQ(error_of([&] { read(bytes_of(text), "F"); }), "F: " + error) << file;
    seen.insert(file);
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder(reader))) {
    const std::string file = entry.path().filename().string();
    if (!seen.insert(file).second) continue;
    const std::string text = content(reader, file);
    EXPECT_EQ(error_of([&] { read(bytes_of(text), "F"); }), "no error") << file;
  }
  EXPECT_EQ(seen.size(), malformed.size() + sound);
}

/// Holds that nothing but an Error comes of the files and of their cuts, none of which may be read
/// past its end.
template <class Exercise>
void expect_only_errors(const std::string& reader, const Exercise& exercise) {
  for (const auto& entry : std::filesystem::directory_iterator(folder(reader))) {
    const std::string text = read_file(entry.path());
    EXPECT_NO_THROW(exercise(bytes_of(text))) << entry.path();
    for (std::size_t size = 0; size < std::min<std::size_t>(text.size(), 200); ++size) {
      // A vector of just this size, so that the address sanitizer sees a read past it.
      const std::vector<std::byte> cut(bytes_of(text).begin(), bytes_of(text).begin() + size);
      EXPECT_NO_THROW(exercise(std::span(cut))) << entry.path() << " cut to " << size;
    }
  }
}

}  // namespace hadal::data::corpus
