#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hadal::data {

/// A recording of the Free Spoken Digit Dataset, as its file's name describes it.
struct SpokenDigit {
  std::filesystem::path path;
  /// 0 to 9.
  std::int64_t digit;
  std::string speaker;
  /// Counts a speaker's recordings of a digit.
  std::int64_t index;
};

/// The recordings in `folder`: its files `{digit}_{speaker}_{index}.wav`, in the order of digit,
/// speaker and index. Files without that ending are passed over. Throws IoError where the folder
/// cannot be read, and FormatError where a sound file has another name or where there is none.
std::vector<SpokenDigit> list_fsdd(const std::filesystem::path& folder);

}  // namespace hadal::data
