#include "hadal/data/readers/corpus.h"
#include "hadal/data/readers/exercise.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/tensor.h>

namespace hadal::data {
namespace {

/// The images of testdata/make_corpus.py.
at::Tensor image_of(std::int64_t label) {
  const at::Tensor bytes = at::arange(3072, at::kLong).add(label * 50).remainder(251);
  return bytes.to(at::kByte).reshape({3, 32, 32});
}

TEST(Cifar10, ReadsRecords) {
  for (const char* file : {"two.bin", "two.bin.gz"}) {
    const LabelledImages read = read_cifar10(corpus::folder("cifar10") / file);
    EXPECT_TRUE(at::equal(read.images, at::stack({image_of(3), image_of(9)}))) << file;
    EXPECT_TRUE(at::equal(read.labels, at::tensor({3, 9}, at::kLong))) << file;
    EXPECT_EQ(read.images.scalar_type(), at::kByte);
    EXPECT_EQ(read.labels.scalar_type(), at::kLong);
  }
}

TEST(Cifar10, NamesWhatIsMalformed) {
  const std::string packed = corpus::content("cifar10", "two.bin.gz");
  corpus::expect_errors(
      "cifar10",
      {{"empty.bin", "byte 0: expected records of 3073 bytes, found an empty file"},
       {"cut.bin", "byte 3073: record 1 has 3072 of 3073 bytes"},
       {"short.bin", "byte 0: record 0 has 100 of 3073 bytes"},
       {"label_10.bin", "byte 3073: expected a label from 0 to 9, found 10"},
       {"two.bin.gz", concat("byte 0: record 0 has ", packed.size(), " of 3073 bytes")}},
      1, parse_cifar10);
}

TEST(Cifar10, ThrowsNothingButErrors) { corpus::expect_only_errors("cifar10", exercise_cifar10); }

TEST(Cifar10, NamesTheFile) {
  const auto path = corpus::folder("cifar10") / "short.bin";
  EXPECT_EQ(corpus::error_of([&] { read_cifar10(path); }),
            path.string() + ": byte 0: record 0 has 100 of 3073 bytes");
  EXPECT_THROW(read_cifar10(path.string() + ".absent"), IoError);
}

TEST(Cifar10RealData, ReadsTheFirst4000) {
  HADAL_REQUIRE_DATA(file, "cv/cifar10-4k/data_batch_1-first-4000.bin.gz");
  const LabelledImages read = read_cifar10(file);
  ASSERT_EQ(read.images.sizes(), (std::vector<std::int64_t>{4000, 3, 32, 32}));
  // As Python's gzip gives them.
  const std::vector<int> counts = {396, 366, 420, 384, 422, 393, 414, 385, 407, 413};
  EXPECT_TRUE(at::equal(at::bincount(read.labels), at::tensor(counts, at::kLong)));
  const std::vector<int> first = {6, 9, 9, 4, 1, 1, 2, 7, 8, 3};
  EXPECT_TRUE(at::equal(read.labels.slice(0, 0, 10), at::tensor(first, at::kLong)));
  EXPECT_EQ(read.images.sum().item<std::int64_t>(), 1481085868);
  EXPECT_EQ(read.images[1][2][31][30].item<int>(), 142);
  EXPECT_EQ(read.images[3999][0][0][0].item<int>(), 90);
}

}  // namespace
}  // namespace hadal::data
