#include "hadal/data/readers/corpus.h"
#include "hadal/data/readers/exercise.h"

#include <limits>

#include <ATen/ops/equal.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/tensor.h>

namespace hadal::data {
namespace {

using Shape = std::vector<std::int64_t>;

void expect_read(const std::string& file, const at::Tensor& expected) {
  const at::Tensor tensor = read_idx(corpus::folder("idx") / file);
  EXPECT_EQ(tensor.scalar_type(), expected.scalar_type()) << file;
  ASSERT_EQ(tensor.sizes(), expected.sizes()) << file;
  EXPECT_TRUE(at::equal(tensor, expected)) << file;
}

TEST(Idx, ReadsAllTypesAndRanks) {
  const at::Tensor pixels = at::tensor({0, 1, 2, 127, 128, 255}, at::kByte).reshape({2, 3});
  constexpr auto kLowest = std::numeric_limits<std::int32_t>::min();
  expect_read("uint8.idx", pixels);
  expect_read("gzip.idx", pixels);
  expect_read("int8.idx", at::tensor({-128, 0, 127}, at::kChar));
  expect_read("int16.idx", at::tensor({-32768, -2, 258, 32767}, at::kShort).reshape({2, 2}));
  expect_read("int32.idx", at::tensor({kLowest, 0x01020304, 2147483647}, at::kInt));
  expect_read(
      "float.idx",
      at::tensor({-1.5F, 0.1F, 3e38F, std::numeric_limits<float>::infinity()}).reshape({2, 1, 2}));
  expect_read("double.idx", at::tensor({-0.1, 1e300}, at::kDouble));
  EXPECT_EQ(read_idx(corpus::folder("idx") / "no_elements.idx").sizes(), (Shape{0, 28, 28}));
  EXPECT_EQ(read_idx(corpus::folder("idx") / "rank_255.idx").dim(), 255);
}

TEST(Idx, NamesWhatIsMalformed) {
  corpus::expect_errors(
      "idx",
      {{"empty.idx", "byte 0: the file ends within the first 4 bytes"},
       {"magic_cut.idx", "byte 3: the file ends within the first 4 bytes"},
       {"magic.idx", "byte 0: expected two zero bytes, found 80 and 78"},
       {"type.idx", "byte 2: unknown element type 10; known are 8, 9, 11, 12, 13 and 14"},
       {"rank_0.idx", "byte 3: expected a rank of at least 1, found 0"},
       {"shape_cut.idx", "byte 11: the file ends within the 2 sizes of its shape"},
       {"data_cut.idx", "byte 12: the header asks for 6 bytes of data, but the file has 5"},
       {"data_long.idx", "byte 12: the header asks for 6 bytes of data, but the file has 7"},
       {"type_wider_than_data.idx",
        "byte 8: the header asks for 16 bytes of data, but the file has 8"},
       {"huge.idx", "byte 12: the header asks for 4294967295 bytes of data, but the file has 0"},
       {"overflow.idx", "byte 8: the shape up to size 4294967295 overflows 2^63 - 1 bytes"},
       {"overflow_to_fit.idx", "byte 12: the shape up to size 4 overflows 2^63 - 1 bytes"},
       {"overflow_of_empty.idx",
        "byte 12: the shape up to size 4294967295 overflows 2^63 - 1 bytes"},
       {"gzip.idx", "byte 0: expected two zero bytes, found 31 and 139"}},
      8, parse_idx);
}

TEST(Idx, ThrowsNothingButErrors) { corpus::expect_only_errors("idx", exercise_idx); }

TEST(Idx, NamesTheFile) {
  const auto path = corpus::folder("idx") / "rank_0.idx";
  EXPECT_EQ(corpus::error_of([&] { read_idx(path); }),
            path.string() + ": byte 3: expected a rank of at least 1, found 0");
  EXPECT_THROW(read_idx(path.string() + ".absent"), IoError);
}

struct Set {
  const char* name;
  std::int64_t count;
  std::int64_t pixel_sum;
  int pixel;
  std::int64_t label_sum;
  std::vector<int> first_labels;
  int last_label;
};

/// Compares with what Python's gzip and struct give; `pixel` is that of image 5 in the middle.
void expect_set(const std::filesystem::path& folder, const Set& set) {
  const std::string prefix = (folder / set.name).string();
  const at::Tensor images = read_idx(prefix + "-images-idx3-ubyte.gz");
  const at::Tensor labels = read_idx(prefix + "-labels-idx1-ubyte.gz");
  ASSERT_EQ(images.sizes(), (Shape{set.count, 28, 28}));
  ASSERT_EQ(labels.sizes(), (Shape{set.count}));
  EXPECT_EQ(images.sum().item<std::int64_t>(), set.pixel_sum);
  EXPECT_EQ(images[5][14][14].item<int>(), set.pixel);
  EXPECT_EQ(labels.sum().item<std::int64_t>(), set.label_sum);
  EXPECT_TRUE(at::equal(labels.slice(0, 0, 8), at::tensor(set.first_labels, at::kByte)));
  EXPECT_EQ(labels[set.count - 1].item<int>(), set.last_label);
}

TEST(IdxRealData, ReadsMnist) {
  HADAL_REQUIRE_DATA(folder, "cv/mnist");
  expect_set(folder, {"train", 60000, 1567298545, 253, 267236, {5, 0, 4, 1, 9, 2, 1, 3}, 8});
  expect_set(folder, {"t10k", 3000, 72830169, 254, 13318, {7, 2, 1, 0, 4, 1, 4, 9}, 0});
}

TEST(IdxRealData, ReadsFashionMnist) {
  HADAL_REQUIRE_DATA(folder, "cv/fashion-mnist");
  expect_set(folder, {"train", 60000, 3431114169, 183, 270000, {0, 3, 4, 7, 9, 0, 9, 8}, 5});
  expect_set(folder, {"t10k", 10000, 573469082, 80, 45000, {3, 8, 1, 0, 4, 0, 9, 3}, 0});
}

}  // namespace
}  // namespace hadal::data
