#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/golden.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/core/safetensors/writer.h"

#include <ATen/ops/isfinite.h>
#include <gtest/gtest.h>

namespace hadal {
namespace {

using golden::expect_tensors;
using hadal::testing::TemporaryFolder;

golden::Tensors all_of(const SafetensorsReader& reader) {
  golden::Tensors tensors;
  for (const auto& name : reader.names()) tensors[name] = reader.tensor(name);
  return tensors;
}

TEST(SafetensorsRealData, ReadsAResNet) {
  HADAL_REQUIRE_DATA(file, "cv/resnet20-cifar10.safetensors");
  const SafetensorsReader reader(file);
  EXPECT_EQ(reader.names().size(), 97U);
  EXPECT_EQ(reader.metadata().at("source"), "akamaster/pytorch_resnet_cifar10");
  const at::Tensor weight = reader.tensor("conv1.weight");
  EXPECT_EQ(weight.sizes(), (std::vector<std::int64_t>{16, 3, 3, 3}));
  // As Python's safetensors 0.8.0 reads it.
  EXPECT_EQ(weight[0][0][0][0].item<float>(), -0.13818146288394928F);
  EXPECT_EQ(reader.tensor("linear.bias")[2].item<float>(), 0.11120541393756866F);
  std::int64_t parameters = 0;
  for (const auto& [name, tensor] : all_of(reader)) {
    EXPECT_TRUE(at::isfinite(tensor).all().item<bool>()) << name;
    if (name.find("running_") == name.npos) parameters += tensor.numel();
  }
  EXPECT_EQ(parameters, 269722);
}

TEST(SafetensorsRealData, ReadsAHuggingFaceFolder) {
  HADAL_REQUIRE_DATA(folder, "llm/stories260K-hf");
  const SafetensorsReader reader(folder);
  EXPECT_EQ(reader.names().size(), 47U);
  EXPECT_EQ(reader.metadata().at("format"), "pt");
  const at::Tensor embedding = reader.tensor("model.embed_tokens.weight");
  EXPECT_EQ(embedding.sizes(), (std::vector<std::int64_t>{512, 64}));
  EXPECT_EQ(embedding[0][1].item<float>(), 0.5618956089019775F);
}

TEST(SafetensorsRealData, WritesFilesOfTheReferenceWriterAgain) {
  for (const char* name : {"model.safetensors", "golden_logits.safetensors"}) {
    HADAL_REQUIRE_DATA(file, concat("llm/stories260K-hf/", name));
    const SafetensorsReader reader(file);
    const TemporaryFolder folder;
    write_safetensors(folder / name, all_of(reader), reader.metadata());
    EXPECT_EQ(sha256_of_file(folder / name), sha256_of_file(file)) << name;
  }
}

TEST(SafetensorsRealData, RoundTripsAFileInAnotherOrder) {
  // By another writer: spaces in its JSON, and the tensors in the model's order, not by name.
  HADAL_REQUIRE_DATA(file, "cv/resnet20-cifar10.safetensors");
  const SafetensorsReader reader(file);
  EXPECT_GT(reader.info("bn1.weight").begin, reader.info("conv1.weight").begin);
  const TemporaryFolder folder;
  write_safetensors(folder / "x.safetensors", all_of(reader), reader.metadata());
  const SafetensorsReader again(folder / "x.safetensors");
  EXPECT_EQ(again.metadata(), reader.metadata());
  EXPECT_LT(again.info("bn1.weight").begin, again.info("conv1.weight").begin);
  expect_tensors(again, all_of(reader));
}

TEST(SafetensorsRealData, ShardsALanguageModelAndReadsItBack) {
  HADAL_REQUIRE_DATA(source, "llm/stories260K-hf");
  const auto tensors = all_of(SafetensorsReader(source));
  const TemporaryFolder folder;
  write_sharded_safetensors(folder.path(), tensors, {}, 300'000);
  EXPECT_TRUE(std::filesystem::exists(folder / "model-00004-of-00004.safetensors"));
  expect_tensors(SafetensorsReader(folder.path()), tensors);
}

}  // namespace
}  // namespace hadal
