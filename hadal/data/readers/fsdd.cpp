#include "hadal/data/readers/fsdd.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>
#include <tuple>

namespace hadal::data {
namespace {

namespace fs = std::filesystem;

SpokenDigit parse_name(const fs::path& path) {
  const std::string stem = path.stem().string();
  const std::size_t first = stem.find('_');
  const std::size_t last = stem.rfind('_');
  SpokenDigit result{path, 0, "", 0};
  bool sound =
      first == 1 && last > first + 1 && last != stem.npos && stem[0] >= '0' && stem[0] <= '9';
  if (sound) {
    result.digit = stem[0] - '0';
    result.speaker = stem.substr(first + 1, last - first - 1);
    const std::string_view index = std::string_view(stem).substr(last + 1);
    const auto [end, error] =
        std::from_chars(index.data(), index.data() + index.size(), result.index);
    sound = error == std::errc() && end == index.data() + index.size() && result.index >= 0;
  }
  if (!sound) {
    throw FormatError(concat(path.string(), ": expected a name like 7_jackson_32.wav"),
                      "name the folder `recordings` of the Free Spoken Digit Dataset");
  }
  return result;
}

}  // namespace

std::vector<SpokenDigit> list_fsdd(const fs::path& folder) {
  std::error_code error;
  std::vector<SpokenDigit> recordings;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".wav") recordings.push_back(parse_name(entry->path()));
  }
  if (error) {
    throw IoError(concat("cannot list ", folder.string(), ": ", error.message()), "check the path");
  }
  if (recordings.empty()) {
    throw FormatError(concat(folder.string(), ": expected .wav files, found none"),
                      "name the folder `recordings` of the Free Spoken Digit Dataset");
  }
  std::sort(recordings.begin(), recordings.end(), [](const auto& a, const auto& b) {
    return std::tie(a.digit, a.speaker, a.index) < std::tie(b.digit, b.speaker, b.index);
  });
  return recordings;
}

}  // namespace hadal::data
