#include "hadal/core/error.h"
#include "hadal/core/memory.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/hpts/optimizer/test_support.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using testing::Kind;
using testing::kinds;
using testing::leaf;
using testing::max_difference;
using testing::same_bytes;
using testing::Small;
using testing::Tensors;

void copy_weights(const Small& from, Small& to) {
  const c10::NoGradGuard no_grad;
  to.matrix.copy_(from.matrix);
  to.vector.copy_(from.vector);
}

TEST(OptimizerState, ContinuesFromAFileBitForBitInEachFormat) {
  const hadal::testing::TemporaryFolder folder;
  for (const auto& kind : kinds()) {
    Small whole(kind), before(kind), after(kind);
    whole.steps(0, 9);
    before.steps(0, 4);
    write_safetensors(folder / "state", before.optimizer.state());
    copy_weights(before, after);
    Tensors state;
    const SafetensorsReader reader(folder / "state");
    for (const auto& name : reader.names()) state[name] = reader.tensor(name);
    after.optimizer.load_state(state);
    after.steps(4, 9);
    EXPECT_TRUE(same_bytes(whole.matrix, after.matrix)) << kind.name;
    EXPECT_TRUE(same_bytes(whole.vector, after.vector)) << kind.name;
    const auto expected = whole.optimizer.state(), actual = after.optimizer.state();
    ASSERT_EQ(expected.size(), actual.size());
    for (const auto& [name, tensor] : expected) {
      EXPECT_TRUE(same_bytes(tensor, actual.at(name))) << kind.name << ": " << name;
    }
  }
}

TEST(OptimizerState, OfOneParameterMovesToAnOptimizerOfOthers) {
  const Kind kind = kinds()[5];
  Small whole(kind), part(kind);
  whole.steps(0, 3);
  copy_weights(whole, part);
  Optimizer of_matrix({{{{"layer.matrix", part.matrix}}, 0.02, 0.1}}, kind.rule,
                      {.state = kind.format, .seed = 3});
  of_matrix.load_state_of("layer.matrix", whole.optimizer.state_of("layer.matrix"));
  at::manual_seed(9);
  whole.matrix.mutable_grad() = at::randn({70, 11});
  part.matrix.mutable_grad() = whole.matrix.grad().clone();
  whole.optimizer.step();
  of_matrix.step();
  EXPECT_TRUE(same_bytes(whole.matrix, part.matrix));
  EXPECT_THROW(of_matrix.state_of("layer.vector"), InvalidArgument);
}

TEST(OptimizerState, ConvertsBetweenFormats) {
  for (const auto& rule : {Rule(Sgd{.momentum = 0.9}), Rule(AdamW{})}) {
    for (const auto from : {StateFormat::fp32, StateFormat::bf16, StateFormat::int8}) {
      for (const auto to : {StateFormat::fp32, StateFormat::bf16, StateFormat::int8}) {
        const auto kind = [&](StateFormat format) {
          return Kind{"", rule, format, at::kFloat, true};
        };
        Small source(kind(from)), target(kind(to)), exact(kind(StateFormat::fp32));
        source.steps(0, 5);
        target.optimizer.load_state(source.optimizer.state());
        exact.optimizer.load_state(target.optimizer.state());
        Small reference(kind(StateFormat::fp32));
        reference.optimizer.load_state(source.optimizer.state());
        const char* mean =
            std::holds_alternative<Sgd>(rule) ? "layer.matrix.momentum" : "layer.matrix.exp_avg";
        const at::Tensor expected = reference.optimizer.state().at(mean);
        EXPECT_LT(max_difference(exact.optimizer.state().at(mean), expected),
                  0.03 * expected.abs().max().item<double>())
            << name_of(from) << " to " << name_of(to);
        EXPECT_EQ(target.optimizer.state().at("layer.matrix.step").item<std::int64_t>(), 5);
      }
    }
  }
}

TEST(OptimizerState, OfCodesKnowsTheOrderOfDimensionsThatSharesScales) {
  const hadal::testing::TemporaryFolder folder;
  const OptimizerOptions options{.state = StateFormat::int8};
  at::manual_seed(6);
  // Scales that differ between what is near in one order and what is near in the other.
  const at::Tensor gradient = at::randn({8, 64, 4, 4}) * at::arange(1, 9).reshape({8, 1, 1, 1});
  const at::Tensor values = at::zeros({8, 64, 4, 4});
  at::Tensor last = values.contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  at::Tensor plain = leaf(values);
  Optimizer source({{{{"w", last}}}}, Adam{}, options), target({{{{"w", plain}}}}, Adam{}, options);
  last.mutable_grad() = gradient.clone();
  source.step();
  write_safetensors(folder / "state", source.state());
  const SafetensorsReader reader(folder / "state");
  Tensors state;
  for (const auto& name : reader.names()) state[name] = reader.tensor(name);
  target.load_state(state);
  Optimizer floats({{{{"w", plain}}}}, Adam{});
  floats.load_state(target.state());
  EXPECT_LT(
      max_difference(floats.state_of("w").at("exp_avg") / gradient, at::full({8, 64, 4, 4}, 0.1)),
      0.1 * 0.15);
}

TEST(OptimizerState, TakesTheBytesThatItsFormatSays) {
  constexpr std::int64_t kSize = 1 << 20;
  struct Row {
    Rule rule;
    StateFormat format;
    at::ScalarType weights;
    bool master;
    double bytes;  // an element
  };
  const Rule sgd = Sgd{.momentum = 0.9}, adamw = AdamW{};
  for (const auto& row : std::vector<Row>{
           {Sgd{}, StateFormat::fp32, at::kFloat, true, 0},
           {sgd, StateFormat::fp32, at::kFloat, true, 4},
           {sgd, StateFormat::bf16, at::kFloat, true, 2},
           {sgd, StateFormat::int8, at::kFloat, true, 1 + 4.0 / 256},
           {adamw, StateFormat::fp32, at::kFloat, true, 8},
           {adamw, StateFormat::bf16, at::kFloat, true, 4},
           {adamw, StateFormat::int8, at::kFloat, true, 2 + 8.0 / 256},
           {adamw, StateFormat::int8, at::kBFloat16, true, 4 + 8.0 / 256},
           {adamw, StateFormat::int8, at::kBFloat16, false, 2 + 8.0 / 256},
       }) {
    const at::Tensor weight = at::zeros({kSize}, row.weights);
    const MemoryMeter meter;
    const Optimizer optimizer({{{{"w", weight}}}}, row.rule,
                              {.state = row.format, .master_weights = row.master});
    const auto expected = static_cast<std::int64_t>(row.bytes * kSize);
    EXPECT_EQ(optimizer.state_bytes(), expected);
    EXPECT_EQ(meter.current_bytes(), expected) << row.bytes;
  }
}

std::string refusal(const Kind& kind, const std::function<void(Tensors&)>& change) {
  Small small(kind);
  small.steps(0, 2);
  Tensors state;
  for (const auto& [name, tensor] : small.optimizer.state()) state[name] = tensor.clone();
  const at::Tensor before = state.at("layer.matrix.exp_avg").clone();
  change(state);
  const std::string text = error_of<InvalidArgument>([&] { small.optimizer.load_state(state); });
  EXPECT_TRUE(same_bytes(small.optimizer.state().at("layer.matrix.exp_avg"), before)) << text;
  return text;
}

TEST(OptimizerState, RefusesNamesShapesAndTypesThatDoNotFitAndNamesThem) {
  const Kind fp32 = kinds()[3], int8 = kinds()[5];
  const auto has = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  // Each also changes what comes first, which must not be loaded.
  const auto with = [](const std::string& name, const at::Tensor& tensor) {
    return [=](Tensors& state) {
      state["layer.matrix.exp_avg"].zero_();
      state[name] = tensor;
    };
  };
  has(refusal(fp32, [](Tensors& state) { state.erase("layer.vector.exp_avg_sq"); }),
      "there is no \"layer.vector.exp_avg_sq\"");
  has(refusal(fp32, [](Tensors& state) { state.erase("layer.vector.step"); }), "layer.vector.step");
  has(refusal(fp32, with("layer.vector.momentum", at::zeros({5}))),
      "\"layer.vector.momentum\" is unexpected");
  has(refusal(fp32, with("other.step", at::zeros({}, at::kLong))), "\"other.step\" is unexpected");
  has(refusal(fp32, with("step", at::zeros({}, at::kLong))), "\"step\" is unexpected");
  has(refusal(fp32, with("layer.vector.exp_avg", at::zeros({4}))),
      "\"layer.vector.exp_avg\" to be Float or BFloat16 or Char [5] on the CPU, got Float [4]");
  has(refusal(fp32, with("layer.vector.exp_avg", at::zeros({5}, at::kDouble))), "got Double");
  has(refusal(fp32, with("layer.vector.exp_avg", {})), "got an undefined tensor");
  has(refusal(fp32, with("layer.vector.exp_avg_sq", at::zeros({5}, at::kBFloat16))),
      "to be Float [5] on the CPU, got BFloat16");
  has(refusal(fp32, with("layer.vector.step", at::full({}, -1, at::kLong))), "step\" is -1");
  has(refusal(int8, with("layer.vector.exp_avg.scale", at::zeros({2}))), "exp_avg.scale\" to be");
  has(refusal(int8, with("layer.vector.strides", at::full({1}, std::int64_t{1} << 40, at::kLong))),
      "strides\" [1099511627776] do not fit the shape [5]");
  has(refusal(int8, with("layer.vector.strides", at::full({1}, -1, at::kLong))), "do not fit");
  has(refusal(kinds()[6], [](Tensors& state) { state.erase("layer.vector.master_rest"); }),
      "master_rest");
}

}  // namespace
}  // namespace hadal::hpts
