#include "hadal/hpts/optimizer/optimizer.h"

#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/hpts/optimizer/test_support.h"

#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using testing::golden;
using testing::Kind;
using testing::kinds;
using testing::leaf;
using testing::max_difference;
using testing::same_bytes;
using testing::Small;

const std::map<std::string, Rule>& golden_rules() {
  static const std::map<std::string, Rule> rules{
      {"sgd", Sgd{}},
      {"sgd_momentum", Sgd{.momentum = 0.9, .dampening = 0.1}},
      {"sgd_nesterov", Sgd{.momentum = 0.9, .nesterov = true}},
      {"adam", Adam{}},
      {"adamw", AdamW{.beta1 = 0.8, .beta2 = 0.98, .epsilon = 1e-6}}};
  return rules;
}

/// What make_golden.py does.
std::map<std::string, at::Tensor> train_as_golden(const Rule& rule) {
  constexpr int kSteps = 50;
  at::Tensor matrix = leaf(golden().tensor("start.matrix"));
  at::Tensor vector = leaf(golden().tensor("start.vector"));
  Optimizer optimizer({{{{"matrix", matrix}}, 0.01, 0.1}, {{{"vector", vector}}, 0.005, 0.0}},
                      rule);
  for (int step = 0; step < kSteps; ++step) {
    matrix.mutable_grad() = golden().tensor("gradient.matrix")[step].clone();
    vector.mutable_grad() =
        step % 5 == 4 ? at::Tensor() : golden().tensor("gradient.vector")[step].clone();
    optimizer.set_learning_rate(0, 0.01 * (1 - step / double{kSteps}));
    optimizer.set_learning_rate(1, 0.005 * (1 - step / double{kSteps}));
    optimizer.step();
  }
  return {{"matrix", matrix.detach()}, {"vector", vector.detach()}};
}

TEST(Optimizer, MovesAsTorchDoesWithEachRuleOnEachInstructionSet) {
  for (const Isa level : available_isas()) {
    const ScopedIsa isa(level);
    for (const auto& [name, rule] : golden_rules()) {
      for (const auto& [parameter, value] : train_as_golden(rule)) {
        const at::Tensor expected = golden().tensor(name + "." + parameter);
        EXPECT_LT(max_difference(value, expected), 1e-6 * (1 + expected.abs().max().item<double>()))
            << name << "." << parameter << " at " << name_of(level);
      }
    }
  }
}

TEST(Optimizer, GivesTheSameBitsForAnyNumberOfThreadsAndForEachParameterAlone) {
  const int threads = at::get_num_threads();
  for (const auto& kind : kinds()) {
    at::Tensor big = leaf(at::randn({90'001}).to(kind.weights)), again = leaf(big),
               seeded = leaf(big);
    const at::Tensor gradient = at::randn({90'001});
    const OptimizerOptions options{.state = kind.format, .master_weights = kind.master};
    Optimizer with_other({{{{"other", leaf(big)}, {"big", big}}}}, kind.rule, options);
    Optimizer one({{{{"big", again}}}}, kind.rule, options);
    Optimizer other_seed({{{{"big", seeded}}}}, kind.rule,
                         {.state = kind.format, .master_weights = kind.master, .seed = 1});
    for (int step = 0; step < 3; ++step) {
      for (auto* tensor : {&big, &again, &seeded}) tensor->mutable_grad() = gradient * (step + 1);
      at::set_num_threads(2);
      with_other.step();
      at::set_num_threads(1);
      one.step();
      other_seed.step();
    }
    EXPECT_TRUE(same_bytes(big, again)) << kind.name;
    const bool is_random = kind.format != StateFormat::fp32 || !kind.master;
    EXPECT_EQ(same_bytes(big, seeded), !is_random) << kind.name;
  }
  at::set_num_threads(threads);
}

TEST(Optimizer, TakesAnyDenseOrderOfDimensionsOfWeightsAndGradients) {
  for (const auto& kind : kinds()) {
    if (kind.format != StateFormat::fp32) continue;
    const at::Tensor values = at::randn({3, 4, 5, 2}).to(kind.weights);
    at::Tensor plain = leaf(values);
    at::Tensor last = values.contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
    ASSERT_FALSE(last.is_contiguous());
    Optimizer optimizer({{{{"plain", plain}, {"last", last}}}}, kind.rule);
    for (int step = 0; step < 3; ++step) {
      const at::Tensor gradient = at::randn({3, 4, 5, 2}).to(kind.weights);
      plain.mutable_grad() = gradient.contiguous(at::MemoryFormat::ChannelsLast);
      last.mutable_grad() = gradient.clone();
      optimizer.step();
    }
    EXPECT_EQ(max_difference(plain, last), 0) << kind.name;
    EXPECT_GT(max_difference(plain, values), 0) << kind.name;
  }
}

TEST(Optimizer, KeepsFp32WeightsBesideBf16OnesBitForBit) {
  // Steps of 2^-12 of the weight, which bf16 alone does not see.
  at::Tensor exact = leaf(at::full({300}, 1.0F));
  at::Tensor rounded = leaf(exact.to(at::kBFloat16));
  Optimizer optimizer({{{{"exact", exact}, {"rounded", rounded}}, 1.0 / 4096, 0.0}}, Sgd{});
  for (int step = 0; step < 100; ++step) {
    exact.mutable_grad() = at::ones({300});
    rounded.mutable_grad() = at::ones({300}, at::kBFloat16);
    optimizer.step();
    ASSERT_LE(max_difference(rounded, exact), 1.0 / 512) << step;  // half of bf16's step
  }
  ASSERT_EQ(exact[7].item<float>(), 1 - 100 / 4096.0F);
  const at::Tensor rest = optimizer.state_of("rounded").at("master_rest");
  EXPECT_EQ(rounded[7].item<float>() + std::ldexp(rest[7].item<int>(), -24),
            exact[7].item<float>());
}

TEST(Optimizer, ShowsAutogradThatAWeightWasChanged) {
  at::Tensor weight = leaf(at::ones({3}));
  Optimizer optimizer({{{{"weight", weight}}}}, Sgd{});
  weight.mutable_grad() = at::ones({3});
  const at::Tensor loss = (weight * weight).sum();
  optimizer.step();
  EXPECT_THROW(loss.backward(), std::exception);
}

TEST(Optimizer, StepsOnlyWhatHasAGradientAndDropsGradients) {
  Small small(kinds()[0]);
  small.vector.mutable_grad() = at::ones({5});
  const at::Tensor before = small.matrix.detach().clone();
  small.optimizer.step();
  EXPECT_TRUE(same_bytes(small.matrix, before));
  EXPECT_EQ(small.optimizer.state_of("layer.vector").at("step").item<std::int64_t>(), 1);
  EXPECT_EQ(small.optimizer.state_of("layer.matrix").at("step").item<std::int64_t>(), 0);
  small.optimizer.zero_grad();
  EXPECT_FALSE(small.vector.grad().defined());
}

TEST(Optimizer, TakesParametersWithoutElements) {
  at::Tensor empty = leaf(at::empty({0, 3}));
  Optimizer optimizer({{{{"empty", empty}}}}, Adam{}, {.state = StateFormat::int8});
  empty.mutable_grad() = at::empty({0, 3});
  optimizer.step();
  EXPECT_EQ(optimizer.state_bytes(), 0);
}

std::string refusal(const std::vector<ParameterGroup>& groups, const Rule& rule = Sgd{}) {
  return error_of<InvalidArgument>([&] { Optimizer(groups, rule); });
}

TEST(Optimizer, RefusesParametersAndOptionsThatItCannotUseAndNamesThem) {
  const at::Tensor good = at::zeros({2});
  const auto refused = [&](const at::Tensor& tensor) { return refusal({{{{"w", tensor}}}}); };
  EXPECT_NE(refused({}).find("\"w\" is undefined"), std::string::npos);
  EXPECT_NE(refused(good.to(at::kDouble)).find("got Double [2]"), std::string::npos);
  EXPECT_NE(refused(at::zeros({4}).slice(0, 0, 4, 2)).find("has gaps"), std::string::npos);
  EXPECT_NE(refused(at::zeros({1}).expand({3})).find("has gaps"), std::string::npos);
  EXPECT_NE(refusal({{{{"w", good}, {"w", good.clone()}}}}).find("two parameters"),
            std::string::npos);
  EXPECT_NE(refusal({{{{"w", good}}}, {{{"v", good}}}}).find("\"v\" is there already"),
            std::string::npos);
  EXPECT_NE(refusal({{{}, -1.0}}).find("a learning rate in [0, inf), got -1"), std::string::npos);
  EXPECT_NE(refusal({{{}, NAN}}).find("got nan"), std::string::npos);
  EXPECT_NE(refusal({{{}, 0.1, -1.0}}).find("a weight decay"), std::string::npos);
  EXPECT_NE(refusal({}, Sgd{.momentum = -0.1}).find("momentum"), std::string::npos);
  EXPECT_NE(refusal({}, Sgd{.dampening = NAN}).find("dampening"), std::string::npos);
  EXPECT_NE(refusal({}, Sgd{.nesterov = true}).find("nesterov"), std::string::npos);
  EXPECT_NE(refusal({}, Adam{.beta1 = 1}).find("beta1 in [0, 1), got 1"), std::string::npos);
  EXPECT_NE(refusal({}, AdamW{.beta2 = -0.5}).find("beta2"), std::string::npos);
  EXPECT_NE(refusal({}, AdamW{.epsilon = -1}).find("epsilon"), std::string::npos);
  Optimizer optimizer({{{{"w", good}}}}, Sgd{});
  EXPECT_THROW(optimizer.set_learning_rate(1, 0.1), InvalidArgument);
  EXPECT_THROW(optimizer.set_learning_rate(std::numeric_limits<double>::infinity()),
               InvalidArgument);
}

TEST(Optimizer, RefusesAGradientOfAnotherShapeBeforeAnythingMoves) {
  at::Tensor first = leaf(at::ones({2})), second = leaf(at::ones({2}));
  Optimizer optimizer({{{{"first", first}, {"second", second}}}}, Sgd{});
  first.mutable_grad() = at::ones({2});
  second.mutable_grad() = at::ones({1});
  EXPECT_NE(error_of<InvalidArgument>([&] {
              optimizer.step();
            }).find("the gradient of \"second\" to be strided fp32 or bf16 [2]"),
            std::string::npos);
  EXPECT_EQ(first[0].item<float>(), 1);
}

TEST(ParameterGroups, KeepDecayFromBiasesAndNorms) {
  torch::nn::Conv2d conv(3, 4, 3);
  torch::nn::BatchNorm2d norm(4);
  conv->register_module("norm", norm.ptr());
  conv->weight.requires_grad_(true);
  norm->bias.requires_grad_(false);
  const auto groups = parameter_groups(named_parameters(*conv), 0.1, 0.01);
  ASSERT_EQ(groups.size(), 2U);
  ASSERT_EQ(groups[0].parameters.size(), 1U);
  EXPECT_EQ(groups[0].parameters[0].name, "weight");
  EXPECT_EQ(groups[0].weight_decay, 0.01);
  ASSERT_EQ(groups[1].parameters.size(), 2U);
  EXPECT_EQ(groups[1].parameters[0].name, "bias");
  EXPECT_EQ(groups[1].parameters[1].name, "norm.weight");
  EXPECT_EQ(groups[1].weight_decay, 0);
  EXPECT_EQ(groups[1].learning_rate, 0.1);
  EXPECT_EQ(parameter_groups({{"w", at::zeros({2, 2})}}, 0.1, 0).size(), 1U);
}

TEST(StateFormat, NamesReadBackAsTheyWereWritten) {
  for (const auto format : {StateFormat::fp32, StateFormat::bf16, StateFormat::int8}) {
    EXPECT_EQ(parse_state_format(name_of(format)), format);
  }
  EXPECT_THROW(parse_state_format("int4"), InvalidArgument);
}

}  // namespace
}  // namespace hadal::hpts
