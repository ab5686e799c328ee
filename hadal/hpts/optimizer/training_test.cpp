// That training ends where it does with fp32 state, whatever the format of the state.
#include "hadal/core/random.h"
#include "hadal/data/generate/glyphs.h"
#include "hadal/hpts/optimizer/gradients.h"
#include "hadal/hpts/optimizer/test_support.h"

#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>

namespace hadal::hpts {
namespace {

using testing::leaf;

struct Digits {
  at::Tensor images, labels;
  Digits() {
    const auto digits = data::generate_glyphs(1024, 1);
    images = at::avg_pool2d(digits.images.to(at::kFloat) / 255, 2).flatten(1) - 0.2;
    labels = digits.labels;
  }
};

const Digits& digits() {
  static const Digits data;
  return data;
}

struct Perceptron {
  std::vector<NamedParameter> parameters;

  Perceptron(std::uint64_t seed, at::ScalarType type) {
    at::manual_seed(seed);
    parameters = {{"hidden.weight", leaf((at::randn({196, 96}) / 14).to(type))},
                  {"hidden.bias", leaf(at::zeros({96}, type))},
                  {"output.weight", leaf((at::randn({96, 10}) / 10).to(type))},
                  {"output.bias", leaf(at::zeros({10}, type))}};
  }
  at::Tensor logits(const at::Tensor& images) const {
    const auto weight = [&](std::size_t i) { return parameters[i].tensor.to(at::kFloat); };
    return at::relu(images.matmul(weight(0)) + weight(1)).matmul(weight(2)) + weight(3);
  }
};

/// The mean loss over the digits, after 16 passes over them.
double trained_loss(const Rule& rule, double rate, const OptimizerOptions& options,
                    at::ScalarType type = at::kFloat) {
  const Perceptron model(options.seed, type);
  Optimizer optimizer(parameter_groups(model.parameters, rate, 0.01), rule, options);
  Random random(options.seed, "batches");
  constexpr int kSteps = 256;
  constexpr std::int64_t kBatch = 64;
  for (int step = 0; step < kSteps; ++step) {
    const auto first = static_cast<std::int64_t>(random.below(1024 - kBatch));
    const at::Tensor logits = model.logits(digits().images.slice(0, first, first + kBatch));
    at::cross_entropy_loss(logits, digits().labels.slice(0, first, first + kBatch)).backward();
    clip_gradient_norm(optimizer.parameters(), 1);
    optimizer.set_learning_rate(rate * (1 - step / double{kSteps}));
    optimizer.step();
    optimizer.zero_grad();
  }
  return at::cross_entropy_loss(model.logits(digits().images), digits().labels).item<double>();
}

/// One thread: for such small products more only wait for each other.
class TrainingByState : public ::testing::Test {
 protected:
  TrainingByState() { at::set_num_threads(1); }
  ~TrainingByState() override { at::set_num_threads(threads_); }

 private:
  const int threads_ = at::get_num_threads();
};

constexpr std::uint64_t kSeeds = 3;

/// Over the seeds, and printed for those who want the numbers.
double mean_loss(const char* name, const Rule& rule, double rate, OptimizerOptions options,
                 at::ScalarType type = at::kFloat) {
  double sum = 0;
  for (options.seed = 0; options.seed < kSeeds; ++options.seed) {
    sum += trained_loss(rule, rate, options, type);
  }
  ::testing::Test::RecordProperty(name, std::to_string(sum / kSeeds));
  return sum / kSeeds;
}

void expect_as_fp32(const Rule& rule, double rate) {
  const double fp32 = mean_loss("fp32", rule, rate, {});
  EXPECT_LT(fp32, 1.8);  // from 2.3 for chance
  EXPECT_NEAR(mean_loss("bf16", rule, rate, {.state = StateFormat::bf16}), fp32, 0.1 * fp32);
  EXPECT_NEAR(mean_loss("int8", rule, rate, {.state = StateFormat::int8}), fp32, 0.1 * fp32);
}

TEST_F(TrainingByState, OfAdamWEndsAsWithFp32) { expect_as_fp32(AdamW{}, 1e-2); }

TEST_F(TrainingByState, OfSgdEndsAsWithFp32) {
  expect_as_fp32(Sgd{.momentum = 0.9, .nesterov = true}, 0.3);
}

TEST_F(TrainingByState, OfBf16WeightsEndsAsWithFp32) {
  const double fp32 = mean_loss("fp32", AdamW{}, 1e-2, {});
  EXPECT_NEAR(mean_loss("master", AdamW{}, 1e-2, {.state = StateFormat::int8}, at::kBFloat16), fp32,
              0.1 * fp32);
  EXPECT_NEAR(mean_loss("alone", AdamW{}, 1e-2,
                        {.state = StateFormat::int8, .master_weights = false}, at::kBFloat16),
              fp32, 0.1 * fp32);
}

}  // namespace
}  // namespace hadal::hpts
