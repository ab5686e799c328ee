#include "hadal/core/file.h"
#include "hadal/msp/scan/exercise.h"
#include "hadal/testing/paths.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

namespace fs = std::filesystem;

/// Each file of the corpus and its cuts, under the name that the fuzzer gives it.
void exercise_folder(const std::string& folder, std::string_view name) {
  std::size_t files = 0;
  for (const auto& entry :
       fs::directory_iterator(hadal::testing::source_path("hadal/msp/scan/testdata/" + folder))) {
    const std::string text = read_file(entry.path());
    const auto bytes = std::as_bytes(std::span(text));
    EXPECT_NO_THROW(exercise_scan(bytes, name)) << entry.path();
    for (std::size_t size = 0; size < std::min<std::size_t>(text.size(), 400); ++size) {
      // A vector of just this size, so that the address sanitizer sees a read past it.
      const std::vector<std::byte> cut(bytes.begin(),
                                       bytes.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_NO_THROW(exercise_scan(cut, name)) << entry.path() << " cut to " << size;
    }
    ++files;
  }
  EXPECT_GT(files, 20U);
}

TEST(ScanCorpus, PicklesGiveFindingsAndNothingElse) { exercise_folder("pickle", "input.pkl"); }

TEST(ScanCorpus, ArchivesGiveFindingsAndNothingElse) { exercise_folder("archive", "input.pt"); }

}  // namespace
}  // namespace hadal::msp
