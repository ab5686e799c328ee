#include "hadal/data/readers/fsdd.h"

#include "hadal/data/readers/corpus.h"
#include "hadal/data/readers/wav.h"

#include <map>

#include <ATen/ops/abs.h>
#include <ATen/ops/max.h>
#include <ATen/ops/sum.h>

namespace hadal::data {
namespace {

using hadal::testing::TemporaryFolder;

TEST(Fsdd, ListsInOrder) {
  const TemporaryFolder folder;
  for (const char* name : {"7_ann_lee_0.wav", "0_theo_11.wav", "README.md"}) {
    write_file(folder / name, "");
  }
  // Enough, and made in such an order, that no folder lists them by their numbers by chance.
  for (int i = 0; i < 20; ++i) write_file(folder / concat("7_theo_", i * 7 % 20, ".wav"), "");
  std::string expected = "0 theo 11 0_theo_11.wav\n7 ann_lee 0 7_ann_lee_0.wav\n";
  for (int i = 0; i < 20; ++i) expected += concat("7 theo ", i, " 7_theo_", i, ".wav\n");
  std::string seen;
  for (const auto& recording : list_fsdd(folder.path())) {
    seen += concat(recording.digit, " ", recording.speaker, " ", recording.index, " ",
                   recording.path.filename().string(), "\n");
  }
  EXPECT_EQ(seen, expected);
}

TEST(Fsdd, RefusesOtherNames) {
  for (const char* name : {"10_theo_1.wav", "x_theo_1.wav", "7_theo.wav", "7__1.wav", "7_theo_.wav",
                           "7_theo_-1.wav", "7_theo_1x.wav", "7_theo_99999999999999999999.wav",
                           "seven.wav", "_theo_1.wav", "7theo_1.wav"}) {
    const TemporaryFolder folder;
    write_file(folder / name, "");
    EXPECT_EQ(corpus::error_of([&] { list_fsdd(folder.path()); }),
              (folder / name).string() + ": expected a name like 7_jackson_32.wav");
  }
}

TEST(Fsdd, RefusesAFolderWithoutRecordings) {
  const TemporaryFolder folder;
  EXPECT_EQ(corpus::error_of([&] { list_fsdd(folder.path()); }),
            folder.path().string() + ": expected .wav files, found none");
  EXPECT_THROW(list_fsdd(folder / "absent"), IoError);
}

TEST(FsddRealData, ReadsAllRecordings) {
  HADAL_REQUIRE_DATA(folder, "speech/fsdd");
  const auto recordings = list_fsdd(folder);
  ASSERT_EQ(recordings.size(), 3000U);
  std::map<std::string, int> of_speaker;
  std::map<std::int64_t, int> of_digit;
  std::int64_t frames = 0;
  double sum = 0;
  float peak = 0;
  for (const auto& recording : recordings) {
    const Wav wav = read_wav(recording.path);
    ASSERT_EQ(wav.sample_rate, 8000) << recording.path;
    ASSERT_EQ(wav.samples.size(0), 1) << recording.path;
    ++of_speaker[recording.speaker];
    ++of_digit[recording.digit];
    frames += wav.samples.size(1);
    sum += wav.samples.sum(at::kDouble).item<double>();
    peak = std::max(peak, wav.samples.abs().max().item<float>());
  }
  const std::map<std::string, int> expected = {{"george", 500}, {"jackson", 500},
                                               {"lucas", 500},  {"nicolas", 500},
                                               {"theo", 500},   {"yweweler", 500}};
  EXPECT_EQ(of_speaker, expected);
  for (const auto& [digit, count] : of_digit) EXPECT_EQ(count, 300) << digit;
  // As Python's wave reads them; every sample is a whole 32768th, so the sum is exact.
  EXPECT_EQ(frames, 10498424);
  EXPECT_EQ(sum * 32768, -332692700.0);
  EXPECT_EQ(peak, 1.0F);
}

TEST(FsddRealData, ReadsOneRecordingAsPythonDoes) {
  HADAL_REQUIRE_DATA(file, "speech/fsdd/7_jackson_32.wav");
  const at::Tensor samples = read_wav(file).samples[0];
  ASSERT_EQ(samples.size(0), 4301);
  const int expected[] = {-156, 68, 59, -64};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(samples[1000 + i].item<float>() * 32768, static_cast<float>(expected[i]));
  }
  EXPECT_EQ(samples[4300].item<float>() * 32768, -358.0F);
}

}  // namespace
}  // namespace hadal::data
