#include "hadal/cli/testing/call.h"
#include "hadal/testing/paths.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace hadal::cli {
namespace {

using hadal::testing::TemporaryFolder;
using testing::call;

TEST(ModelCommand, MakesAModelAndShowsIt) {
  const TemporaryFolder folder;
  const std::string path = folder / "m";
  EXPECT_EQ(call({"model", "make", path, "--tiny", "--family", "qwen2"}).status, 0);
  const auto shown = call({"model", "show", path});
  EXPECT_EQ(shown.status, 0) << shown.errors;
  EXPECT_EQ(shown.output,
            "architecture  qwen2, 4 layers of width 64, feed-forward 160\n"
            "attention     8 heads of 8, 4 of keys and values\n"
            "positions     theta 10000\n"
            "parameters    205888, tied head\n"
            "stored        823.6 KB of float32\n"
            "context       512 tokens, 512 bytes of cache a token in bf16\n"
            "tokens        512, and a text ends at <|end_of_text|> (257), <|im_end|> (259)\n"
            "memory        fp32 819.2 KB, bf16 540.7 KB, int8 347.1 KB, int4 262.7 KB\n");
}

TEST(ModelCommand, TellsWhatIsWrongWithAFolder) {
  const TemporaryFolder folder;
  const std::string path = folder / "m";
  EXPECT_EQ(call({"model", "make", path, "--tiny"}).status, 0);
  EXPECT_EQ(call({"model", "make", path, "--tiny"}).status, 2);
  std::filesystem::resize_file(path + "/model.safetensors", 4000);
  const auto shown = call({"model", "show", path});
  EXPECT_EQ(shown.status, 2);
  EXPECT_NE(shown.errors.find("(1 problem):"), std::string::npos) << shown.errors;
  EXPECT_EQ(call({"model", "make", folder / "n"}).status, 2);
}

}  // namespace
}  // namespace hadal::cli
