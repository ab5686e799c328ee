#include "hadal/data/generate/spoken_digits.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/log.h"
#include "hadal/core/random.h"
#include "hadal/data/audio/log_mel.h"
#include "hadal/data/audio/normalize.h"
#include "hadal/data/generate/espeak.h"
#include "hadal/data/readers/fsdd.h"
#include "hadal/data/readers/wav.h"
#include "hadal/testing/paths.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace hadal::data {
namespace {

/// Puts a folder in place of PATH, and PATH back at the end of the test.
class OnlyPath {
 public:
  explicit OnlyPath(const std::string& path) : before_(std::getenv("PATH")) {
    ::setenv("PATH", path.c_str(), 1);
  }
  ~OnlyPath() { ::setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

/// Keeps the last message of the log.
class LastMessage {
 public:
  LastMessage() {
    set_log_sink([this](LogLevel, std::string_view text) { text_ = text; });
  }
  ~LastMessage() { set_log_sink({}); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void write_program(const std::filesystem::path& path, const std::string& body) {
  write_file(path, "#!/bin/sh\n" + body + "\n");
  ::chmod(path.c_str(), 0755);
}

bool has_espeak() {
  try {
    return !espeak_source().empty();
  } catch (const IoError&) {
    return false;
  }
}

void expect_sound(const Utterances& utterances, std::int64_t count) {
  ASSERT_EQ(utterances.samples.size(0), count);
  EXPECT_EQ(utterances.samples.scalar_type(), at::kFloat);
  EXPECT_EQ(utterances.sample_rate, 8000);
  EXPECT_LE(utterances.samples.abs().max().item<double>(), 1.0001);
  EXPECT_EQ(utterances.lengths.max().item<std::int64_t>(), utterances.samples.size(1));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto length = utterances.lengths[i].item<std::int64_t>();
    const at::Tensor own = utterances.samples[i].narrow(0, 0, length);
    EXPECT_GT(length, 800) << i;  // 0.1 s
    EXPECT_LT(length, 20'000) << i;
    EXPECT_GT(own.square().mean().sqrt().item<double>(), 1e-3) << i;
    EXPECT_EQ(utterances.samples[i].slice(0, length).count_nonzero().item<std::int64_t>(), 0);
  }
  const auto counts = at::bincount(utterances.labels, {}, 10);
  EXPECT_LE((counts.max() - counts.min()).item<std::int64_t>(), 1);
}

class SpokenDigits : public ::testing::TestWithParam<SpeechEngine> {
 protected:
  void SetUp() override {
    if (GetParam() == SpeechEngine::espeak && !has_espeak()) GTEST_SKIP() << "needs espeak-ng";
  }
};

TEST_P(SpokenDigits, AreSoundAndBalanced) {
  expect_sound(generate_spoken_digits(53, 1, GetParam()), 53);
}

TEST_P(SpokenDigits, DependOnTheSeedOnly) {
  const auto utterances = generate_spoken_digits(20, 1, GetParam());
  const auto again = generate_spoken_digits(20, 1, GetParam());
  EXPECT_TRUE(at::equal(utterances.samples, again.samples));
  EXPECT_TRUE(at::equal(utterances.labels, again.labels));
  const auto other = generate_spoken_digits(20, 2, GetParam());
  EXPECT_FALSE(at::equal(utterances.labels, other.labels) &&
               utterances.samples.size(1) == other.samples.size(1));
}

TEST_P(SpokenDigits, AcceptNoneAndRefuseNegativeCounts) {
  EXPECT_EQ(generate_spoken_digits(0, 1, GetParam()).samples.size(0), 0);
  EXPECT_THROW(generate_spoken_digits(-1, 1, GetParam()), InvalidArgument);
}

/// Mean features of eight stretches of each utterance, [n, mels * 8], as a plain description.
at::Tensor describe(const Utterances& utterances) {
  const LogMel log_mel({.mels = 20, .low = 100, .high = 3800});
  const at::Tensor frames = log_mel.frames(utterances.lengths);
  const at::Tensor features =
      normalize_utterances(log_mel(utterances.samples, utterances.lengths), frames);
  std::vector<at::Tensor> rows;
  for (std::int64_t i = 0; i < features.size(0); ++i) {
    const auto count = frames[i].item<std::int64_t>();
    std::vector<at::Tensor> parts;
    for (std::int64_t part = 0; part < 8; ++part) {
      const std::int64_t from = count * part / 8;
      parts.push_back(features[i].narrow(1, from, std::max<std::int64_t>(1, count / 8)).mean(1));
    }
    rows.push_back(at::stack(parts).flatten());
  }
  return at::stack(rows);
}

/// How often the nearest mean of the digits of `known` is the digit of `fresh`.
double nearest_mean_accuracy(const Utterances& known, const Utterances& fresh) {
  const at::Tensor x = describe(known);
  std::vector<at::Tensor> means;
  for (int digit = 0; digit < 10; ++digit)
    means.push_back(x.index_select(0, (known.labels == digit).nonzero().flatten()).mean(0));
  const at::Tensor distances =
      (describe(fresh).unsqueeze(1) - at::stack(means).unsqueeze(0)).square().sum(2);
  return (distances.argmin(1) == fresh.labels).to(at::kFloat).mean().item<double>();
}

// Voices and noise differ, but the digits are the same.
TEST_P(SpokenDigits, SoundLikeTheirLabels) {
  const auto known = generate_spoken_digits(400, 1, GetParam());
  EXPECT_GT(nearest_mean_accuracy(known, generate_spoken_digits(200, 2, GetParam())), 0.4);
}

INSTANTIATE_TEST_SUITE_P(Engines, SpokenDigits,
                         ::testing::Values(SpeechEngine::formant, SpeechEngine::espeak),
                         [](const auto& info) {
                           return info.param == SpeechEngine::formant ? "formant" : "espeak";
                         });

TEST(SpokenDigitsSource, IsTheEngineThatSpoke) {
  EXPECT_EQ(generate_spoken_digits(1, 1, SpeechEngine::formant).source, "formant synthesizer");
  if (!has_espeak()) GTEST_SKIP() << "needs espeak-ng";
  const auto source = generate_spoken_digits(1, 1).source;
  EXPECT_TRUE(source.starts_with("espeak-ng 1.")) << source;
}

/// What `automatic` gives, with a warning that contains `reason`, where espeak-ng does not work.
void expect_fallback(const std::string& path, const std::string& reason) {
  const OnlyPath only(path);
  const LastMessage last;
  // A seed of its own, so that no voice is there from before.
  const auto utterances = generate_spoken_digits(10, 987, SpeechEngine::automatic);
  EXPECT_EQ(utterances.source, "formant synthesizer");
  EXPECT_NE(last.text().find(reason), std::string::npos) << last.text();
  EXPECT_TRUE(at::equal(utterances.samples,
                        generate_spoken_digits(10, 987, SpeechEngine::formant).samples));
  EXPECT_THROW(generate_spoken_digits(10, 987, SpeechEngine::espeak), Unsupported);
}

TEST(SpokenDigitsFallback, CoversAnAbsentProgram) {
  const hadal::testing::TemporaryFolder folder;
  expect_fallback(folder.path().string(), "cannot start espeak-ng");
}

TEST(SpokenDigitsFallback, CoversAProgramThatFails) {
  const hadal::testing::TemporaryFolder folder;
  write_program(folder / "espeak-ng", "exit 3");
  expect_fallback(folder.path().string(), "exit status 3");
}

TEST(SpokenDigitsFallback, CoversAProgramThatWritesNoSound) {
  const hadal::testing::TemporaryFolder folder;
  write_program(folder / "espeak-ng", "echo 'eSpeak NG text-to-speech: 1.51'");
  expect_fallback(folder.path().string(), "the output of espeak-ng");
}

TEST(SpokenDigitsFallback, CoversAProgramThatWritesWithoutEnd) {
  const hadal::testing::TemporaryFolder folder;
  write_program(folder / "espeak-ng", "while :; do printf '%1000000s' x; done");
  expect_fallback(folder.path().string(), "more than");
}

/// Every tenth recording of FSDD.
Utterances read_recordings(const std::filesystem::path& folder) {
  const auto recordings = list_fsdd(folder);
  std::vector<at::Tensor> waves;
  std::vector<std::int64_t> lengths, labels;
  for (std::size_t i = 0; i < recordings.size(); i += 10) {
    waves.push_back(read_wav(recordings[i].path).samples[0]);
    lengths.push_back(waves.back().size(0));
    labels.push_back(recordings[i].digit);
  }
  const at::Tensor samples = at::zeros(
      {static_cast<std::int64_t>(waves.size()), *std::max_element(lengths.begin(), lengths.end())});
  for (std::size_t i = 0; i < waves.size(); ++i)
    samples[static_cast<std::int64_t>(i)].narrow(0, 0, lengths[i]).copy_(waves[i]);
  return {samples, at::tensor(lengths), at::tensor(labels), 8000, "FSDD"};
}

TEST(SpokenDigitsRealData, ResembleRecordingsOfTheSameDigits) {
  HADAL_REQUIRE_DATA(folder, "speech/fsdd");
  const auto recordings = read_recordings(folder);
  const auto formant = generate_spoken_digits(400, 1, SpeechEngine::formant);
  EXPECT_GT(nearest_mean_accuracy(formant, recordings), 0.2);  // by chance 0.1
  if (!has_espeak()) GTEST_SKIP() << "needs espeak-ng";
  const auto espeak = generate_spoken_digits(400, 1, SpeechEngine::espeak);
  EXPECT_GT(nearest_mean_accuracy(espeak, recordings), 0.3);
}

}  // namespace
}  // namespace hadal::data
