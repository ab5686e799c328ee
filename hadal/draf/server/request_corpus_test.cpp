#include "hadal/core/file.h"
#include "hadal/draf/server/request_exercise.h"
#include "hadal/testing/paths.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace hadal::draf::server {
namespace {

TEST(RequestCorpus, EndsInARequestOrARefusal) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           hadal::testing::source_path("hadal/draf/server/testdata/request"))) {
    exercise_request(read_file(entry.path()));
    ++files;
  }
  EXPECT_GE(files, 6U);
}

}  // namespace
}  // namespace hadal::draf::server
