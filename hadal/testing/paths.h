#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace hadal::testing {

/// Folder of the real data sets: HADAL_DATA, or ../shared/data beside the source tree.
inline std::filesystem::path data_dir() {
  if (const char* value = std::getenv("HADAL_DATA"); value && *value) return value;
  return std::filesystem::path(HADAL_SOURCE_DIR) / "../shared/data";
}

/// `relative` below the source tree.
inline std::filesystem::path source_path(const std::string& relative) {
  return std::filesystem::path(HADAL_SOURCE_DIR) / relative;
}

/// A fresh empty folder that is removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hadal-test-XXXXXX").string();
    const char* made = ::mkdtemp(pattern.data());
    EXPECT_NE(made, nullptr) << "cannot make a temporary folder like " << pattern;
    path_ = made ? made : "";
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace hadal::testing

/// Skips the current test, saying why, where the real data set `relative` is absent; else names it.
#define HADAL_REQUIRE_DATA(variable, relative)                                      \
  const std::filesystem::path variable = ::hadal::testing::data_dir() / (relative); \
  if (!std::filesystem::exists(variable))                                           \
  GTEST_SKIP() << variable.string() << " is absent; set HADAL_DATA to the data folder"
