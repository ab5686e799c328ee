#include "hadal/data/sets/sets.h"

#include "hadal/core/error.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <cstring>
#include <fstream>

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

namespace hadal::data {
namespace {

using hadal::testing::error_of;
using hadal::testing::TemporaryFolder;

TEST(Sets, MakeDigitsAndStoriesThatTrainAndTestDoNotShare) {
  const ImageSet digits = load_image_set("digits", {}, 3);
  EXPECT_EQ(digits.train.images.sizes(), (std::vector<std::int64_t>{20'000, 1, 28, 28}));
  EXPECT_EQ(digits.test.labels.sizes(), (std::vector<std::int64_t>{4'000}));
  EXPECT_FALSE(at::equal(digits.train.images.narrow(0, 0, 4'000), digits.test.images));
  const TextSet stories = load_text_set("stories", {}, 3);
  EXPECT_EQ(stories.train.numel(), 2'000'000);
  EXPECT_FALSE(at::equal(stories.train.narrow(0, 0, 1'000), stories.test.narrow(0, 0, 1'000)));
}

TEST(Sets, RefuseOtherNamesAndListTheirs) {
  try {
    load_image_set("imagenet", {}, 1);
    FAIL() << "it was taken";
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(), "no set of images is called \"imagenet\"");
    EXPECT_EQ(error.hint(), "known are digits, mnist, fashion-mnist, cifar10-4k");
  }
  EXPECT_THROW(load_text_set("c4", {}, 1), InvalidArgument);
}

TEST(Sets, SayThatTheyNeedAFolder) {
  EXPECT_EQ(error_of<InvalidArgument>([] { load_image_set("mnist", {}, 1); }),
            "the set \"mnist\" needs a folder of data sets");
  EXPECT_THROW(load_text_set("wikitext2", {}, 1), InvalidArgument);
  EXPECT_THROW(load_image_set("cifar10-4k", "/nonexistent", 1), IoError);
}

void write_idx(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(Sets, RefuseLabelsThatDoNotFitTheImages) {
  const TemporaryFolder folder;
  const auto set = folder / "cv" / "mnist";
  std::filesystem::create_directories(set);
  const std::string two_images("\0\0\x08\x03\0\0\0\2\0\0\0\1\0\0\0\1ab", 18);
  const auto labels = [](char count) { return std::string("\0\0\x08\x01\0\0\0", 7) + count; };
  for (const char* part : {"train", "t10k"}) {
    write_idx(set / (std::string(part) + "-images-idx3-ubyte.gz"), two_images);
    write_idx(set / (std::string(part) + "-labels-idx1-ubyte.gz"), labels(2) + "\1\2");
  }
  EXPECT_EQ(load_image_set("mnist", folder.path(), 1).train.labels.size(0), 2);
  for (const std::string& wrong : {labels(1) + "\1", labels(2) + "\1\12"}) {
    write_idx(set / "t10k-labels-idx1-ubyte.gz", wrong);
    EXPECT_EQ(error_of<FormatError>([&] { load_image_set("mnist", folder.path(), 1); }),
              (set / "t10k-labels-idx1-ubyte.gz").string() +
                  ": expected a label from 0 to 9 for each of 2 images");
  }
}

TEST(SetsRealData, HaveTheirPublishedSizes) {
  HADAL_REQUIRE_DATA(folder, "");
  EXPECT_EQ(load_image_set("mnist", folder, 1).train.images.size(0), 60'000);
  EXPECT_EQ(load_image_set("fashion-mnist", folder, 1).test.images.size(0), 10'000);
  const ImageSet cifar = load_image_set("cifar10-4k", folder, 1);
  EXPECT_EQ(cifar.train.images.sizes(), (std::vector<std::int64_t>{3'600, 3, 32, 32}));
  EXPECT_EQ(cifar.test.labels.size(0), 400);
  const TextSet shakespeare = load_text_set("tinyshakespeare", folder, 1);
  EXPECT_EQ(shakespeare.train.numel() + shakespeare.test.numel(), 1'115'394);
  EXPECT_EQ(std::memcmp(shakespeare.train.const_data_ptr(), "First Citizen", 13), 0);
  EXPECT_GT(load_text_set("wikitext2", folder, 1).train.numel(), 1'000'000);
}

}  // namespace
}  // namespace hadal::data
