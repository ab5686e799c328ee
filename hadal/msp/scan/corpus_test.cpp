#include "hadal/core/file.h"
#include "hadal/msp/scan/exercise.h"
#include "hadal/msp/scan/test_support.h"
#include "hadal/testing/paths.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
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

TEST(ScanCorpus, EachTrickOfAnArchiveHasItsRule) {
  constexpr std::pair<const char*, const char*> kTricks[] = {
      {"torch.pt", "pickle/dangerous-import"},
      {"deflated.pt", "pickle/dangerous-import"},
      {"nested.pt", "pickle/dangerous-import"},
      {"encrypted-flag.pt", "zip/odd-member"},
      {"checksum.pt", "zip/checksum"},
      {"traversal.pt", "zip/path-traversal"},
      {"absolute.pt", "zip/path-traversal"},
      {"backslash.pt", "zip/path-traversal"},
      {"link.pt", "zip/odd-member"},
      {"method.pt", "zip/odd-member"},
      {"duplicate.pt", "zip/duplicate-name"},
      {"names-differ.pt", "zip/header-mismatch"},
      {"sizes-differ.pt", "zip/header-mismatch"},
      {"method-differs.pt", "zip/header-mismatch"},
      {"no-local.pt", "zip/header-mismatch"},
      {"hidden.pt", "zip/hidden-bytes"},
      {"prefix.pt", "zip/hidden-bytes"},
      {"suffix.pt", "zip/hidden-bytes"},
      {"two-ends.pt", "zip/malformed"},
      {"count.pt", "zip/malformed"},
      {"cut.pt", "zip/malformed"},
      {"overlap.pt", "zip/bomb"},
      {"python.pt", "scan/python-code"},
      {"program.pt", "scan/embedded-payload"},
      {"objects.npz", "numpy/object-array"},
      {"script-saves.pt", "torchscript/reaches-out"},
      {"script-operator.pt", "torchscript/foreign-operator"}};
  for (const auto& [file, rule] : kTricks) {
    const auto path = hadal::testing::source_path("hadal/msp/scan/testdata/archive") / file;
    const std::string rules = testing::rules_of(read_file(path), "input.pt");
    EXPECT_NE(rules.find(rule), std::string::npos) << file << ": " << rules;
  }
}

TEST(ScanCorpus, PicklesGiveFindingsAndNothingElse) { exercise_folder("pickle", "input.pkl"); }

TEST(ScanCorpus, ArchivesGiveFindingsAndNothingElse) { exercise_folder("archive", "input.pt"); }

}  // namespace
}  // namespace hadal::msp
