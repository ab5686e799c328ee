#include "hadal/hpts/checkpoint/checkpoint.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <fstream>

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using hadal::testing::TemporaryFolder;

Checkpoint example() {
  return {.step = 12,
          .tensors = {{"model/fc.weight", at::arange(6, at::kFloat).reshape({2, 3})},
                      {"model/fc.bias", at::tensor({1.0, -2.0}).to(at::kBFloat16)},
                      {"random", at::arange(4, at::kByte)},
                      {"none", at::empty({0, 3})}},
          .texts = {{"plan", R"({"fc": "bf16"})"}, {"", "no name"}}};
}

std::string bytes_of(const std::filesystem::path& path) { return read_file(path); }

void overwrite(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

bool same(const Checkpoint& a, const Checkpoint& b) {
  if (a.step != b.step || a.texts != b.texts || a.tensors.size() != b.tensors.size()) return false;
  for (const auto& [name, tensor] : a.tensors) {
    const auto other = b.tensors.find(name);
    if (other == b.tensors.end() || other->second.scalar_type() != tensor.scalar_type() ||
        !at::equal(other->second, tensor)) {
      return false;
    }
  }
  return true;
}

TEST(Checkpoint, ReadsBackAsItWasWritten) {
  const TemporaryFolder folder;
  write_checkpoint(folder / "a", example());
  EXPECT_TRUE(same(read_checkpoint(folder / "a"), example()));
}

TEST(Checkpoint, GivesTensorsThatOutliveTheFile) {
  const TemporaryFolder folder;
  write_checkpoint(folder / "a", example());
  const Checkpoint read = read_checkpoint(folder / "a");
  overwrite(folder / "a", "");
  read.tensors.at("random").add_(1);
  EXPECT_EQ(read.tensors.at("random")[3].item<int>(), 4);
}

TEST(Checkpoint, WritesViewsAndTensorsWithGradient) {
  const TemporaryFolder folder;
  const at::Tensor base = at::arange(6, at::kFloat).reshape({2, 3}).requires_grad_();
  write_checkpoint(folder / "a", {.step = 0, .tensors = {{"t", base.t()}}});
  EXPECT_TRUE(at::equal(read_checkpoint(folder / "a").tensors.at("t"), base.t().detach()));
}

TEST(Checkpoint, RefusesWhatItCannotWriteAndLeavesNothing) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_checkpoint(folder / "a", {.step = -1}), InvalidArgument);
  EXPECT_EQ(error_of<InvalidArgument>([&] {
              write_checkpoint(folder / "a", {.step = 1, .tensors = {{"x", at::Tensor()}}});
            }),
            "write_checkpoint: tensor \"x\" has no dense data");
  EXPECT_THROW(write_checkpoint(folder / "a", {.step = 1, .texts = {{"x", "\xff"}}}),
               InvalidArgument);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Checkpoint, RefusesAFileCutAnywhere) {
  const TemporaryFolder folder;
  write_checkpoint(folder / "a", example());
  const std::string whole = bytes_of(folder / "a");
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    overwrite(folder / "a", whole.substr(0, size));
    EXPECT_THROW(read_checkpoint(folder / "a"), FormatError) << size;
  }
}

// White space of the header alone may change without harm, and a letter's escape.
TEST(Checkpoint, RefusesAFileWithAnyBitAltered) {
  const TemporaryFolder folder;
  write_checkpoint(folder / "a", example());
  const std::string whole = bytes_of(folder / "a");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0, 5}) {
      std::string altered = whole;
      altered[at] = static_cast<char>(altered[at] ^ (1 << bit));
      overwrite(folder / "a", altered);
      try {
        EXPECT_TRUE(same(read_checkpoint(folder / "a"), example()))
            << "byte " << at << ", bit " << bit << " changed what was read";
      } catch (const FormatError&) {
      }
    }
  }
}

TEST(Checkpoint, SaysWhatIsWrongWithAnAlteredFile) {
  const TemporaryFolder folder;
  write_checkpoint(folder / "a", example());
  std::string bytes = bytes_of(folder / "a");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  overwrite(folder / "a", bytes);
  EXPECT_EQ(error_of<FormatError>([&] { read_checkpoint(folder / "a"); }),
            (folder / "a").string() + ": its content does not fit its checksum");
}

TEST(Checkpoint, RefusesASafetensorsFileOfSomethingElse) {
  const std::filesystem::path golden =
      hadal::testing::source_path("hadal/core/safetensors/testdata/edges.safetensors");
  ASSERT_TRUE(std::filesystem::exists(golden));
  EXPECT_NE(
      error_of<FormatError>([&] { read_checkpoint(golden); }).find("metadata lack hadal.step"),
      std::string::npos);
  EXPECT_THROW(read_checkpoint("/nonexistent/a"), IoError);
}

}  // namespace
}  // namespace hadal::hpts
