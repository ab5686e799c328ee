#include "hadal/draf/plan/shape.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

models::LlamaConfig llama_8b() {
  return {.vocabulary = 128256,
          .dim = 4096,
          .hidden = 14336,
          .layers = 32,
          .heads = 32,
          .kv_heads = 8,
          .head_dim = 128,
          .positions = 8192,
          .windows = std::vector<std::int64_t>(32)};
}

TEST(PlanShape, CountsWhatIsPublished) {
  // Brown et al., 2020: 175B; Smith et al., 2022: 530B.
  EXPECT_NEAR(named_shape("gpt-175b").parameters() / 1e9, 174.6, 0.05);
  EXPECT_NEAR(named_shape("megatron-530b").parameters() / 1e9, 530, 1);
  EXPECT_NEAR(named_shape("gpt-20b").parameters() / 1e9, 20.2, 0.1);
  // Meta's Llama 3 8B has 8,030,261,248, of which 266,240 are of norms.
  EXPECT_EQ(shape_of(llama_8b(), "8b").parameters(), 8030261248.0 - 266240);
  EXPECT_EQ(shape_of(llama_8b(), "8b").cache_bytes_a_token(), 131072);
}

TEST(PlanShape, ComesFromAFolderAFileOrAName) {
  const hadal::testing::TemporaryFolder folder;
  write_file(folder / "config.json", models::llama_config_json(llama_8b()));
  EXPECT_EQ(find_shape(folder.path().string() + "/").name, folder.path().filename());
  EXPECT_EQ(find_shape(folder / "config.json", 0.5).weight_bytes, 0.5);
  EXPECT_EQ(find_shape(folder / "config.json").layers, 32);
  EXPECT_EQ(find_shape("gpt-20b", 1).weight_bytes, 1);
  EXPECT_EQ(hadal::testing::error_of<InvalidArgument>([] { find_shape("gpt-2\x1b[2J"); }),
            "expected a model, got \"gpt-2\\u001b[2J\"");
  write_file(folder / "config.json", "{");
  EXPECT_THROW(find_shape(folder.path()), FormatError);
}

}  // namespace
}  // namespace hadal::draf::plan
