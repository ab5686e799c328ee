#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/golden.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/core/safetensors/writer.h"

#include <algorithm>
#include <vector>

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal {
namespace {

namespace fs = std::filesystem;
using golden::expect_tensors;
using golden::path;
using hadal::testing::TemporaryFolder;

constexpr const char* kIndex = "model.safetensors.index.json";

/// The names of the files in a folder, sorted.
std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

void copy_golden(const TemporaryFolder& folder) {
  fs::copy(path("sharded"), folder.path(), fs::copy_options::recursive);
}

/// The error, without the index's path, of opening `folder`; and its hint.
template <class Kind>
std::pair<std::string, std::string> error_of(const TemporaryFolder& folder) {
  try {
    const SafetensorsReader reader(folder.path());
  } catch (const Kind& error) {
    const std::string text = error.what();
    const std::string index = (folder / kIndex).string();
    return {text.starts_with(index) ? text.substr(index.size()) : text, error.hint()};
  }
  return {"no such error", ""};
}

TEST(SafetensorsShards, ReadsAFolderOfTheReferenceWriter) {
  for (const auto& opened : {path("sharded"), path(concat("sharded/", kIndex))}) {
    const SafetensorsReader reader(opened);
    expect_tensors(reader, golden::sharded());
    EXPECT_EQ(reader.metadata(), (std::map<std::string, std::string>{{"format", "pt"}}));
  }
}

TEST(SafetensorsShards, WritesTheFilesOfTheReferenceWriter) {
  const TemporaryFolder folder;
  write_sharded_safetensors(folder.path(), golden::sharded(), {{"format", "pt"}}, 100);
  const auto files = files_in(path("sharded"));
  ASSERT_EQ(files_in(folder.path()), files);
  for (const auto& file : files) {
    EXPECT_EQ(read_file(folder / file), read_file(path("sharded") / file)) << file;
  }
}

TEST(SafetensorsShards, WritesOneFileWhereAllFits) {
  const TemporaryFolder folder;
  write_sharded_safetensors(folder.path(), golden::sharded(), {}, 416);
  EXPECT_EQ(files_in(folder.path()), (std::vector<std::string>{"model.safetensors"}));
  EXPECT_EQ(SafetensorsReader(folder.path()).names().size(), 5U);
}

TEST(SafetensorsShards, WritesOneFileWhereThereIsNothing) {
  const TemporaryFolder folder;
  write_sharded_safetensors(folder.path(), {});
  EXPECT_EQ(files_in(folder.path()), (std::vector<std::string>{"model.safetensors"}));
  EXPECT_TRUE(SafetensorsReader(folder.path()).names().empty());
}

TEST(SafetensorsShards, FillsShardsUpToTheLimit) {
  const TemporaryFolder folder;
  const golden::Tensors tensors = {
      {"a", at::zeros({2})}, {"b", at::zeros({2})}, {"c", at::zeros({1})}};
  write_sharded_safetensors(folder.path(), tensors, {}, 16);
  EXPECT_EQ(SafetensorsReader(folder / "model-00001-of-00002.safetensors").names(),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(SafetensorsReader(folder / "model-00002-of-00002.safetensors").names(),
            (std::vector<std::string>{"c"}));
}

TEST(SafetensorsShards, DoesNotMixWithAnOlderCheckpoint) {
  for (const char* existing : {"model.safetensors", kIndex}) {
    const TemporaryFolder folder;
    write_file(folder / existing, "old");
    EXPECT_THROW(write_sharded_safetensors(folder.path(), golden::sharded(), {}, 100),
                 InvalidArgument);
    EXPECT_EQ(files_in(folder.path()), (std::vector<std::string>{existing}));
  }
}

TEST(SafetensorsShards, ChecksAllTensorsBeforeItWrites) {
  for (const char* name : {"z\xff", "z"}) {
    const TemporaryFolder folder;
    auto tensors = golden::sharded();
    tensors[name] = at::zeros({2}, name[1] == 0 ? at::kComplexDouble : at::kFloat);
    EXPECT_THROW(write_sharded_safetensors(folder.path(), tensors, {}, 1), InvalidArgument);
    EXPECT_TRUE(fs::is_empty(folder.path()));
  }
}

TEST(SafetensorsShards, SaysWhichTensorsAnAbsentShardHolds) {
  const TemporaryFolder folder;
  copy_golden(folder);
  fs::remove(folder / "model-00002-of-00003.safetensors");
  EXPECT_EQ(error_of<IoError>(folder).first,
            ": the shard \"model-00002-of-00003.safetensors\" is absent; it should hold "
            "\"a.weight\", \"b.bias\", \"d.é😀\\u007f\"");
}

TEST(SafetensorsShards, RefusesAShardOfAnotherCheckpoint) {
  const TemporaryFolder folder;
  copy_golden(folder);
  fs::copy_file(path("edges.safetensors"), folder / "model-00003-of-00003.safetensors",
                fs::copy_options::overwrite_existing);
  const auto [what, hint] = error_of<FormatError>(folder);
  EXPECT_EQ(what, R"(: tensor "e" is not in "model-00003-of-00003.safetensors", )"
                  "where the index has it");
  EXPECT_NE(hint.find("different checkpoints"), std::string::npos);
}

TEST(SafetensorsShards, NamesAMalformedShard) {
  const TemporaryFolder folder;
  copy_golden(folder);
  write_file(folder / "model-00001-of-00003.safetensors", "short");
  EXPECT_TRUE(error_of<FormatError>(folder).first.starts_with(
      (folder / "model-00001-of-00003.safetensors").string() + ": byte 0"));
}

TEST(SafetensorsShards, LeavesOutWhatTheIndexDoesNotName) {
  const TemporaryFolder folder;
  copy_golden(folder);
  write_file(folder / kIndex, R"({"weight_map":{"b.bias":"model-00002-of-00003.safetensors"}})");
  const SafetensorsReader reader(folder.path());
  EXPECT_EQ(reader.names(), (std::vector<std::string>{"b.bias"}));
  EXPECT_THROW(reader.tensor("a.weight"), InvalidArgument);
}

TEST(SafetensorsShards, PrefersTheSingleFileOfAFolder) {
  const TemporaryFolder folder;
  copy_golden(folder);
  fs::copy_file(path("specials.safetensors"), folder / "model.safetensors");
  EXPECT_TRUE(SafetensorsReader(folder.path()).contains("bf16"));
}

}  // namespace
}  // namespace hadal
