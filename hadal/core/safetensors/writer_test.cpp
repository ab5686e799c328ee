#include "hadal/core/safetensors/writer.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/golden.h"
#include "hadal/core/safetensors/reader.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_neg_view.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal {
namespace {

namespace fs = std::filesystem;
using golden::path;
using golden::same;
using hadal::testing::TemporaryFolder;

/// What write_safetensors() makes of the tensors.
std::string written(const golden::Tensors& tensors,
                    const std::map<std::string, std::string>& metadata = {}) {
  const TemporaryFolder folder;
  write_safetensors(folder / "x.safetensors", tensors, metadata);
  return read_file(folder / "x.safetensors");
}

/// The tensor after a way through a file.
at::Tensor round_trip(const at::Tensor& tensor) {
  const TemporaryFolder folder;
  write_safetensors(folder / "x.safetensors", {{"x", tensor}});
  return SafetensorsReader(folder / "x.safetensors").tensor("x");
}

void expect_refused(const std::string& name, const at::Tensor& tensor, const std::string& why) {
  const TemporaryFolder folder;
  try {
    write_safetensors(folder / "x.safetensors", {{"sound", at::zeros({1})}, {name, tensor}});
    ADD_FAILURE() << "stored, but should have said: " << why;
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.what(), why);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(SafetensorsWriter, WritesTheBytesOfTheReferenceWriter) {
  EXPECT_EQ(written(golden::all_dtypes()), read_file(path("all_dtypes.safetensors")));
  EXPECT_EQ(written(golden::specials()), read_file(path("specials.safetensors")));
  EXPECT_EQ(written(golden::edges(), golden::edge_metadata()),
            read_file(path("edges.safetensors")));
  EXPECT_EQ(written({}), read_file(path("no_tensors.safetensors")));
}

TEST(SafetensorsWriter, PacksStridedViews) {
  const at::Tensor matrix = golden::sharded()["a.weight"];
  for (const at::Tensor& view : {matrix.t(), matrix.slice(0, 0, 4, 2), matrix.slice(1, 1, 3),
                                 matrix[1].expand({3, 4}), matrix.select(1, 2)}) {
    ASSERT_FALSE(view.is_contiguous());
    EXPECT_TRUE(same(round_trip(view), view.contiguous()));
  }
}

TEST(SafetensorsWriter, PacksStridedViewsOfEveryDtype) {
  for (const auto& [name, tensor] : golden::all_dtypes()) {
    const at::Tensor view = tensor.t();
    const at::Tensor bytes = round_trip(view).view(at::kByte);
    const auto size = static_cast<std::int64_t>(tensor.element_size());
    // The transposition, done on bytes: [rows, columns, size] -> [columns, rows, size].
    const at::Tensor expected =
        tensor.view(at::kByte).reshape({tensor.size(0), tensor.size(1), size}).transpose(0, 1);
    EXPECT_TRUE(same(bytes.reshape({tensor.size(1), tensor.size(0), size}), expected)) << name;
  }
}

TEST(SafetensorsWriter, ResolvesConjugatedAndNegatedViews) {
  const at::Tensor numbers = golden::all_dtypes()["C64"];
  const at::Tensor conjugate = numbers.conj();
  ASSERT_TRUE(conjugate.is_conj());
  EXPECT_TRUE(same(round_trip(conjugate), conjugate.resolve_conj()));
  const at::Tensor negative = at::_neg_view(golden::sharded()["a.weight"]);
  ASSERT_TRUE(negative.is_neg() && negative.is_contiguous());
  EXPECT_TRUE(same(round_trip(negative), negative.resolve_neg()));
}

TEST(SafetensorsWriter, StoresTensorsThatRequireGradients) {
  const at::Tensor weight = at::full({3}, 1.5).requires_grad_(true);
  EXPECT_TRUE(same(round_trip(weight), weight.detach()));
}

TEST(SafetensorsWriter, StoresCudaTensors) {
  if (!at::hasCUDA()) GTEST_SKIP() << "there is no CUDA device";
  const at::Tensor matrix = golden::sharded()["a.weight"];
  EXPECT_TRUE(same(round_trip(matrix.to(at::kCUDA).t()), matrix.t().contiguous()));
}

TEST(SafetensorsWriter, ReplacesAFileThatIsBeingRead) {
  const TemporaryFolder folder;
  const fs::path file = folder / "x.safetensors";
  write_safetensors(file, {{"x", at::full({4}, 1.0)}});
  const SafetensorsReader old(file);
  write_safetensors(file, {{"x", old.tensor("x") + 1}});
  EXPECT_TRUE(same(old.tensor("x"), at::full({4}, 1.0)));
  EXPECT_TRUE(same(SafetensorsReader(file).tensor("x"), at::full({4}, 2.0)));
}

TEST(SafetensorsWriter, RefusesWhatTheFormatCannotHold) {
  const at::Tensor sound = at::zeros({2, 2});
  expect_refused("a", {}, R"(cannot store tensor "a": it is undefined)");
  expect_refused("a", sound.to(at::kComplexDouble),
                 R"(cannot store tensor "a": the format has no dtype for ComplexDouble)");
  expect_refused("a", sound.to_sparse(),
                 R"(cannot store tensor "a": it is not strided; make it dense first)");
  expect_refused("a", sound.to(at::kMeta),
                 R"(cannot store tensor "a": it is on the meta device and has no data)");
  expect_refused("a", at::empty({}, at::ScalarType::Float4_e2m1fn_x2),
                 R"(cannot store tensor "a": F4 cannot have rank 0)");
  expect_refused("__metadata__", sound,
                 R"(cannot store tensor "__metadata__": the format keeps this name for itself)");
  expect_refused("a\xff", sound, "tensor name \"a\xEF\xBF\xBD\" is not UTF-8");
}

TEST(SafetensorsWriter, RefusesMetadataThatIsNotUtf8) {
  EXPECT_THROW(written({}, {{"\xc0\x80", "value"}}), InvalidArgument);
  EXPECT_THROW(written({}, {{"key", "\xed\xa0\x80"}}), InvalidArgument);
}

TEST(SafetensorsWriter, RefusesAHeaderThatNoReaderTakes) {
  EXPECT_THROW(written({}, {{"key", std::string(100'000'000, 'x')}}), InvalidArgument);
}

TEST(SafetensorsWriter, ReportsAFolderThatIsNotThere) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_safetensors(folder / "absent/x.safetensors", {}), IoError);
}

}  // namespace
}  // namespace hadal
