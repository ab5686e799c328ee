#include "hadal/models/speech_crnn.h"

#include "hadal/models/test_support.h"

#include <cmath>
#include <limits>

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

namespace hadal::models {
namespace {

using hadal::models::testing::error_of;
using testing::contains;
using testing::max_difference;
using testing::parameter_count;
using testing::randomize;

at::Tensor lengths_of(std::initializer_list<std::int64_t> values) {
  return at::tensor(std::vector<std::int64_t>(values), at::kLong);
}

TEST(SpeechCrnn, HasTheParametersThatItsDescriptionCounts) {
  EXPECT_EQ(parameter_count(*SpeechCrnn()), 129522);
  // 40 mels are pooled to 5 bands, as are 33 by ceiling, and 24 to 3.
  EXPECT_EQ(parameter_count(*SpeechCrnn(SpeechCrnnOptions{.mels = 33})), 129522);
  EXPECT_EQ(parameter_count(*SpeechCrnn(SpeechCrnnOptions{.mels = 24, .classes = 12})),
            129522 - 2 * 3 * 64 * 48 * 2 + 2 * 129);
}

// Lengths around the pooling windows of 2 and 4, in no order, with garbage after them.
TEST(SpeechCrnn, PaddingChangesNoLogitInEvaluationMode) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  for (const double garbage : {1e3, kNaN, std::numeric_limits<double>::infinity()}) {
    SpeechCrnn model(SpeechCrnnOptions{.mels = 13, .classes = 4});
    randomize(*model, 0.2);
    model->to(at::kDouble);
    model->eval();
    const at::Tensor lengths = lengths_of({3, 12, 1, 9, 4, 10, 2, 5});
    const at::Tensor features = at::randn({8, 13, 14}, at::kDouble);
    at::Tensor padded = features.clone();
    for (std::int64_t i = 0; i < 8; ++i) {
      padded[i].slice(1, lengths[i].item<std::int64_t>()).fill_(garbage);
    }
    const at::Tensor logits = model->forward(padded, lengths);
    EXPECT_EQ(logits.sizes(), (at::IntArrayRef{8, 4}));
    for (std::int64_t i = 0; i < 8; ++i) {
      const auto length = lengths[i].item<std::int64_t>();
      const at::Tensor alone = model->forward(
          features[i].slice(1, 0, length).unsqueeze(0).contiguous(), lengths_of({length}));
      EXPECT_LT(max_difference(logits[i], alone[0]), 1e-12) << length << " frames";
    }
  }
}

TEST(SpeechCrnn, DependsOnEveryValidFrameAndNoOther) {
  SpeechCrnn model(SpeechCrnnOptions{.mels = 8});
  model->eval();
  const at::Tensor features = at::randn({2, 8, 11}).requires_grad_();
  model->forward(features, lengths_of({7, 11})).pow(2).sum().backward();
  const at::Tensor reach = features.grad().abs().amax(1);  // [b, t]
  EXPECT_GT(reach[0].slice(0, 0, 7).min().item<double>(), 0);
  EXPECT_EQ(reach[0].slice(0, 7).max().item<double>(), 0);
  EXPECT_GT(reach[1].min().item<double>(), 0);
}

TEST(SpeechCrnn, PaddingCountsAsZerosInTrainingMode) {
  SpeechCrnn model(SpeechCrnnOptions{.mels = 8});
  const at::Tensor features = at::randn({2, 8, 10});
  at::Tensor zeroed = features.clone(), spoiled = features.clone();
  zeroed[0].slice(1, 6).zero_();
  spoiled[0].slice(1, 6).fill_(std::numeric_limits<float>::quiet_NaN());
  const at::Tensor lengths = lengths_of({6, 10});
  EXPECT_EQ(max_difference(model->forward(zeroed, lengths), model->forward(spoiled, lengths)), 0);
}

TEST(SpeechCrnn, GradientsReachEveryParameter) {
  SpeechCrnn model;
  model->forward(at::randn({3, 40, 21}), lengths_of({21, 8, 15})).pow(2).sum().backward();
  for (const auto& item : model->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_GT(item.value().grad().abs().max().item<double>(), 0) << item.key();
  }
}

TEST(SpeechCrnn, RefusesOptionsOutOfRange) {
  EXPECT_TRUE(contains(error_of([] { SpeechCrnn(SpeechCrnnOptions{.mels = 7}); }),
                       "expected 8 to 512 mels, got 7"));
  EXPECT_TRUE(contains(error_of([] { SpeechCrnn(SpeechCrnnOptions{.mels = 513}); }), "got 513"));
  EXPECT_TRUE(contains(error_of([] { SpeechCrnn(SpeechCrnnOptions{.classes = 1}); }),
                       "2 or more classes, got 1"));
}

TEST(SpeechCrnn, RefusesOtherInputs) {
  SpeechCrnn model;
  const at::Tensor features = at::randn({2, 40, 9});
  const auto refusal = [&](const at::Tensor& x, const at::Tensor& lengths) {
    return error_of([&] { model->forward(x, lengths); });
  };
  const at::Tensor lengths = lengths_of({9, 5});
  EXPECT_TRUE(contains(refusal(at::randn({2, 39, 9}), lengths),
                       "features: expected Float [*, 40, *], got Float [2, 39, 9]"));
  EXPECT_TRUE(contains(refusal(features.to(at::kDouble), lengths), "got Double"));
  EXPECT_TRUE(contains(refusal({}, lengths), "undefined"));
  EXPECT_TRUE(contains(refusal(features, lengths_of({9})), "lengths: expected Long [2]"));
  EXPECT_TRUE(contains(refusal(features, lengths.to(at::kInt)), "got Int"));
  EXPECT_TRUE(
      contains(refusal(features, lengths_of({9, 0})), "from 1 to 9 (the frames given), got 0"));
  EXPECT_TRUE(contains(refusal(features, lengths_of({10, 5})), "got 10"));
}

}  // namespace
}  // namespace hadal::models
