#include "hadal/core/safetensors/reader.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/golden.h"

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace hadal {
namespace {

namespace fs = std::filesystem;
using golden::expect_tensors;
using golden::path;
using golden::same;
using hadal::testing::TemporaryFolder;

fs::path corpus(const std::string& name) { return path("corpus/" + name + ".safetensors"); }

TEST(SafetensorsReader, ReadsEveryDtypeOfTheReferenceWriter) {
  const SafetensorsReader reader(path("all_dtypes.safetensors"));
  expect_tensors(reader, golden::all_dtypes());
  EXPECT_TRUE(reader.metadata().empty());
  for (const auto& name : reader.names()) EXPECT_EQ(reader.info(name).dtype.name, name);
}

TEST(SafetensorsReader, KeepsBitPatterns) {
  expect_tensors(SafetensorsReader(path("specials.safetensors")), golden::specials());
}

TEST(SafetensorsReader, ReadsScalarsEmptyTensorsAndEscapedNames) {
  const SafetensorsReader reader(path("edges.safetensors"));
  expect_tensors(reader, golden::edges());
  EXPECT_EQ(reader.metadata(), golden::edge_metadata());
}

TEST(SafetensorsReader, ReadsAFileWithoutTensors) {
  EXPECT_TRUE(SafetensorsReader(path("no_tensors.safetensors")).names().empty());
}

TEST(SafetensorsReader, SortsNames) {
  const auto names = SafetensorsReader(path("specials.safetensors")).names();
  EXPECT_EQ(names, (std::vector<std::string>{"bf16", "f16", "f32", "f8"}));
}

TEST(SafetensorsReader, SaysWhereATensorLies) {
  const SafetensorsReader reader(path("all_dtypes.safetensors"));
  const SafetensorsInfo& info = reader.info("F64");
  EXPECT_EQ(info.dtype.bits, 64);
  EXPECT_EQ(info.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(info.end - info.begin, 48U);
  const std::string bytes = read_file(path("all_dtypes.safetensors"));
  double last = 0;
  std::memcpy(&last, bytes.data() + info.end - sizeof last, sizeof last);
  EXPECT_EQ(last, 6.0);
}

TEST(SafetensorsReader, CountsSingleElementsInTheShapeOfF4) {
  const SafetensorsReader reader(path("all_dtypes.safetensors"));
  EXPECT_EQ(reader.info("F4").shape, (std::vector<std::int64_t>{2, 4}));
  EXPECT_EQ(reader.tensor("F4").sizes(), (std::vector<std::int64_t>{2, 2}));
}

TEST(SafetensorsReader, GivesViewsOfOneMapping) {
  const SafetensorsReader reader(path("all_dtypes.safetensors"));
  const auto address = [&](const char* name) {
    return static_cast<const char*>(reader.tensor(name).const_data_ptr());
  };
  EXPECT_EQ(address("F32"), address("F32"));
  const auto distance = reader.info("BOOL").begin - reader.info("F32").begin;
  EXPECT_EQ(address("BOOL") - address("F32"), static_cast<std::ptrdiff_t>(distance));
}

TEST(SafetensorsReader, TensorsOutliveReaderAndFile) {
  const TemporaryFolder folder;
  fs::copy_file(path("all_dtypes.safetensors"), folder / "x.safetensors");
  std::optional<SafetensorsReader> reader(folder / "x.safetensors");
  const at::Tensor tensor = reader->tensor("F32");
  reader.reset();
  fs::remove(folder / "x.safetensors");
  EXPECT_TRUE(same(tensor, golden::all_dtypes()["F32"]));
}

TEST(SafetensorsReader, CopiesWhatLiesMisaligned) {
  const SafetensorsReader reader(corpus("valid_misaligned_within"));
  ASSERT_NE(reader.info("f").begin % 8, 0U);
  const at::Tensor tensor = reader.tensor("f");
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % alignof(double), 0U);
  EXPECT_EQ(tensor.item<double>(), 1.5);
}

TEST(SafetensorsReader, ReadsOtherTensorsBesideUnsupportedOnes) {
  const SafetensorsReader reader(corpus("valid_f6"));
  EXPECT_EQ(reader.info("a").dtype.bits, 6);
  EXPECT_EQ(reader.tensor("c").nbytes(), 2U);
  try {
    reader.tensor("b");
    FAIL() << "F6_E3M2 was read";
  } catch (const Unsupported& error) {
    EXPECT_EQ(error.what(),
              corpus("valid_f6").string() + R"(: tensor "b": ATen has no dtype for F6_E3M2)");
  }
}

TEST(SafetensorsReader, RefusesF4ThatDoesNotPack) {
  const SafetensorsReader reader(corpus("valid_f4_odd_last_size"));
  EXPECT_THROW(reader.tensor("a"), Unsupported);
}

TEST(SafetensorsReader, NamesAnAbsentTensorAndSomeOthers) {
  const SafetensorsReader reader(path("all_dtypes.safetensors"));
  EXPECT_FALSE(reader.contains("f32"));
  EXPECT_TRUE(reader.contains("F32"));
  EXPECT_THROW(reader.info("f32"), InvalidArgument);
  try {
    reader.tensor("f32");
    FAIL() << "an absent tensor was read";
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.what(),
              path("all_dtypes.safetensors").string() + R"(: there is no tensor "f32")");
    EXPECT_EQ(error.hint(), R"(it holds "BF16", "BOOL", "C64" and 17 more)");
  }
}

TEST(SafetensorsReader, EscapesAndCutsHostileNames) {
  const SafetensorsReader reader(path("no_tensors.safetensors"));
  try {
    reader.info("\x1b[31m\xff" + std::string(1000, 'x'));
    FAIL() << "an absent tensor was found";
  } catch (const InvalidArgument& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_NE(text.find(R"("\u001b[31m)"), std::string::npos);
    EXPECT_LT(text.size(), path("no_tensors.safetensors").string().size() + 200);
  }
}

TEST(SafetensorsReader, FollowsSymbolicLinks) {
  const TemporaryFolder folder;
  fs::create_symlink(path("edges.safetensors"), folder / "model.safetensors");
  expect_tensors(SafetensorsReader(folder.path()), golden::edges());
}

TEST(SafetensorsReader, RefusesAFolderWithoutACheckpoint) {
  const TemporaryFolder folder;
  EXPECT_THROW(SafetensorsReader{folder.path()}, IoError);
  EXPECT_THROW(SafetensorsReader{folder / "absent.safetensors"}, IoError);
}

TEST(SafetensorsReader, NamesTheFileInFormatErrors) {
  try {
    SafetensorsReader reader(corpus("torch_zip"));
    FAIL() << "a zip file was read";
  } catch (const FormatError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with(corpus("torch_zip").string() + ": byte 0"));
  }
}

TEST(SafetensorsReader, ServesSeveralThreads) {
  const SafetensorsReader reader(path("all_dtypes.safetensors"));
  const auto expected = golden::all_dtypes();
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (const auto& [name, tensor] : expected) wrong += !same(reader.tensor(name), tensor);
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace hadal
