#include "hadal/data/readers/corpus.h"
#include "hadal/data/readers/exercise.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>

namespace hadal::data {
namespace {

using Shape = std::vector<std::int64_t>;

Wav wav_of(const std::string& file) { return read_wav(corpus::folder("wav") / file); }

/// Holds that the file has one channel with these samples.
void expect_mono(const std::string& file, std::int64_t sample_rate,
                 const std::vector<float>& expected) {
  const Wav wav = wav_of(file);
  EXPECT_EQ(wav.sample_rate, sample_rate) << file;
  EXPECT_EQ(wav.samples.scalar_type(), at::kFloat) << file;
  EXPECT_TRUE(at::equal(wav.samples, at::tensor(expected).unsqueeze(0))) << file << wav.samples;
}

const std::vector<float> k16Bits = {-1.0F, -0x1p-15F, 0.5F, 32767 / 32768.0F};
const std::vector<float> k24Bits = {-1.0F, -0x1p-23F, 0.5F, 8388607 / 8388608.0F};

TEST(Wav, ReadsIntegersOfAllWidths) {
  expect_mono("pcm8.wav", 11025, {-1.0F, 0.0F, 127 / 128.0F});
  expect_mono("pcm16.wav", 8000, k16Bits);
  expect_mono("pcm24.wav", 48000, k24Bits);
  // The largest 32-bit sample is nearer to 1 than to the fp32 number below.
  expect_mono("pcm32.wav", 8000, {-1.0F, 0.5F, 1.0F});
}

TEST(Wav, ReadsFloats) {
  expect_mono("float.wav", 8000, {-1.5F, 0.25F, 1.0F});
  expect_mono("float_extensible.wav", 16000, {-1.5F, 0.25F, 1.0F});
}

TEST(Wav, ReadsTheExtensibleFormat) { expect_mono("pcm20_in_24_extensible.wav", 16000, k24Bits); }

TEST(Wav, SeparatesChannels) {
  const Wav wav = wav_of("pcm16_stereo.wav");
  EXPECT_EQ(wav.sample_rate, 44100);
  const at::Tensor expected = at::tensor({1.0F, 2.0F, 3.0F, -1.0F, -2.0F, -3.0F}).reshape({2, 3});
  EXPECT_TRUE(at::equal(wav.samples.mul(32768), expected)) << wav.samples;
}

TEST(Wav, PassesOverOtherChunks) {
  expect_mono("odd_chunks.wav", 8000, k16Bits);
  expect_mono("odd_data_without_padding.wav", 8000, {-1.0F, 0.0F, 127 / 128.0F});
  expect_mono("wrong_riff_size.wav", 8000, k16Bits);
  EXPECT_EQ(wav_of("no_samples.wav").samples.sizes(), (Shape{1, 0}));
}

TEST(Wav, TakesTheRestOfAStream) {
  expect_mono("streamed_0.wav", 8000, k16Bits);
  expect_mono("streamed_ffffffff.wav", 8000, k16Bits);
  expect_mono("streamed_7ffff000.wav", 8000, k16Bits);
}

TEST(Wav, NamesWhatIsMalformed) {
  corpus::expect_errors(
      "wav",
      {{"empty.wav", "byte 0: the file ends within the first 12 bytes"},
       {"riff_cut.wav", "byte 11: the file ends within the first 12 bytes"},
       {"big_endian.wav", R"(byte 0: expected "RIFF" and "WAVE", found "RIFX" and "WAVE")"},
       {"avi.wav", R"(byte 0: expected "RIFF" and "WAVE", found "RIFF" and "AVI ")"},
       {"nothing.wav", "byte 12: the file has no format chunk"},
       {"no_format.wav", "byte 12: the data comes before a format chunk"},
       {"only_other.wav", "byte 24: the file has no format chunk"},
       {"no_data.wav", "byte 36: the file has no data chunk"},
       {"chunk_header_cut.wav", "byte 36: the file ends within a chunk's header"},
       {"format_cut.wav", R"(byte 12: chunk "fmt " claims 16 bytes, but 10 are left)"},
       {"format_short.wav", "byte 20: expected a format chunk of at least 16 bytes, found 14"},
       {"two_formats.wav", "byte 36: a second format chunk"},
       {"chunk_past_end.wav", R"(byte 36: chunk "LIST" claims 4294967294 bytes, but 4 are left)"},
       {"data_cut.wav", "byte 36: the data chunk claims 8 bytes, but 6 are left"},
       {"data_claims_much.wav", "byte 36: the data chunk claims 4294967294 bytes, but 8 are left"},
       {"partial_frame.wav", "byte 36: the data of 7 bytes are no whole frames of 2"},
       {"no_channels.wav", "byte 22: expected at least 1 channel, found 0"},
       {"no_rate.wav", "byte 24: expected a sample rate above 0, found 0"},
       {"wrong_block.wav", "byte 32: expected frames of 2 bytes (1 channels of 16 bits), found 4"},
       {"many_channels.wav",
        "byte 32: expected frames of 131070 bytes (65535 channels of 16 bits), found 65534"},
       {"nan.wav", "byte 48: expected a finite sample, found NaN or infinity"},
       {"infinite.wav", "byte 44: expected a finite sample, found NaN or infinity"},
       {"extensible_short.wav",
        "byte 20: expected an extensible format chunk of at least 40 bytes, found 24"},
       {"extensible_small_rest.wav", "byte 36: expected at least 22 bytes of extension, found 0"},
       {"extensible_valid_bits.wav", "byte 38: 20 valid bits in samples of 16 bits"},
       {"extensible_guid.wav", "a format of its own GUID"},
       {"mu_law.wav", "format tag 7 is neither PCM nor float"},
       {"float64.wav", "float samples of 64 bits"},
       {"pcm12.wav", "PCM samples of 12 bits"},
       {"pcm0.wav", "PCM samples of 0 bits"},
       {"pcm64.wav", "PCM samples of 64 bits"}},
      15, parse_wav);
}

TEST(Wav, TellsUnsupportedFromMalformed) {
  EXPECT_THROW(wav_of("mu_law.wav"), Unsupported);
  EXPECT_THROW(wav_of("extensible_guid.wav"), Unsupported);
  EXPECT_THROW(wav_of("no_rate.wav"), FormatError);
  EXPECT_THROW(wav_of("absent.wav"), IoError);
}

TEST(Wav, ThrowsNothingButErrors) { corpus::expect_only_errors("wav", exercise_wav); }

}  // namespace
}  // namespace hadal::data
