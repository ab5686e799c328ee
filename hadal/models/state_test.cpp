#include "hadal/models/state.h"

#include "hadal/core/safetensors/reader.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/models/glyph_cnn.h"
#include "hadal/models/test_support.h"
#include "hadal/testing/paths.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

namespace hadal::models {
namespace {

using hadal::models::testing::error_of;
using testing::contains;
using testing::max_difference;
using testing::randomize;

using Tensors = std::map<std::string, at::Tensor>;

Tensors copies(const Tensors& tensors) {
  Tensors copies;
  for (const auto& [name, tensor] : tensors) copies[name] = tensor.clone();
  return copies;
}

void expect_same(const Tensors& actual, const Tensors& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    EXPECT_EQ(max_difference(actual.at(name), tensor), 0) << name;
  }
}

TEST(State, ViewsParametersAndBuffersWithoutCounters) {
  const GlyphCnn model;
  const auto tensors = state(*model);
  EXPECT_EQ(tensors.size(), 4 * 5 + 2U);
  EXPECT_FALSE(tensors.contains("bn1.num_batches_tracked"));
  for (const auto& [name, tensor] : tensors) EXPECT_FALSE(tensor.requires_grad()) << name;
  tensors.at("linear.bias").fill_(3);
  EXPECT_EQ(model->named_parameters()["linear.bias"][9].item<float>(), 3);
  tensors.at("bn2.running_mean").fill_(4);
  EXPECT_EQ(model->named_buffers()["bn2.running_mean"][0].item<float>(), 4);
}

TEST(LoadState, CopiesWhatStateGives) {
  GlyphCnn source, target;
  randomize(*source, 0.3);
  load_state(*target, state(*source));
  const Tensors before = copies(state(*source));
  for (auto& [name, tensor] : state(*source)) tensor.zero_();
  expect_same(state(*target), before);
  EXPECT_TRUE(target->named_parameters()["linear.weight"].requires_grad());
}

TEST(LoadState, ConvertsBetweenFloatingPointTypes) {
  GlyphCnn model;
  const auto targets = state(*model);
  for (const auto type : {at::kDouble, at::kBFloat16, at::kHalf}) {
    Tensors tensors;
    for (const auto& [name, tensor] : targets) {
      tensors[name] = at::full(tensor.sizes(), 1.0 / 3, type);
    }
    load_state(*model, tensors);
    for (const auto& [name, tensor] : state(*model)) {
      EXPECT_EQ(tensor.scalar_type(), at::kFloat);
      EXPECT_EQ(max_difference(tensor, tensors.at(name).to(at::kFloat)), 0) << name;
    }
  }
}

TEST(LoadState, IgnoresBatchCounters) {
  GlyphCnn model;
  auto tensors = copies(state(*model));
  tensors["bn1.num_batches_tracked"] = at::full({}, 77, at::kLong);
  load_state(*model, tensors);
  EXPECT_EQ(model->named_buffers()["bn1.num_batches_tracked"].item<std::int64_t>(), 0);
}

TEST(LoadState, TakesACheckpointFile) {
  GlyphCnn source, target;
  randomize(*source, 0.3);
  const hadal::testing::TemporaryFolder folder;
  write_safetensors(folder / "glyph.safetensors", state(*source));
  load_state(*target, SafetensorsReader(folder / "glyph.safetensors"));
  expect_same(state(*target), state(*source));
}

TEST(LoadState, LeavesTheModuleAsItWasOnErrors) {
  GlyphCnn model;
  const Tensors before = copies(state(*model));
  // The last name in order is at fault, so that all others would have been copied before it.
  Tensors tensors;
  for (const auto& [name, tensor] : before) tensors[name] = tensor + 1;
  const auto refusal = [&](const Tensors& bad) {
    const std::string text = error_of([&] { load_state(*model, bad); });
    expect_same(state(*model), before);
    return text;
  };
  auto missing = tensors;
  missing.erase("linear.weight");
  EXPECT_TRUE(contains(refusal(missing), "do not fit the model: 1 missing (linear.weight)\n"));
  auto unexpected = tensors;
  unexpected["zebra"] = at::ones({1});
  EXPECT_TRUE(contains(refusal(unexpected), "1 unexpected (zebra)"));
  auto shape = tensors;
  shape["linear.weight"] = at::ones({10, 63});
  EXPECT_TRUE(contains(refusal(shape),
                       "1 mismatched (linear.weight: expected Float [10, 64], "
                       "found Float [10, 63])"));
  auto type = tensors;
  type["linear.weight"] = at::ones({10, 64}, at::kLong);
  EXPECT_TRUE(contains(refusal(type), "found Long [10, 64]"));
  auto undefined = tensors;
  undefined["linear.weight"].reset();
  EXPECT_TRUE(contains(refusal(undefined), "found an undefined tensor"));
}

TEST(LoadState, ListsUpToFiveOfEachKind) {
  GlyphCnn model;
  auto tensors = copies(state(*model));
  for (const char* name :
       {"bn1.bias", "bn1.weight", "bn2.bias", "bn2.weight", "bn3.bias", "bn3.weight", "bn4.bias"}) {
    tensors.erase(name);
    tensors[std::string("x.") + name] = at::ones({1});
  }
  tensors["linear.bias"] = at::ones({9});
  const std::string text = error_of([&] { load_state(*model, tensors); });
  EXPECT_TRUE(contains(text,
                       "7 missing (bn1.bias, bn1.weight, bn2.bias, bn2.weight, bn3.bias and "
                       "2 more); 7 unexpected (x.bn1.bias, "));
  EXPECT_TRUE(contains(text, "; 1 mismatched (linear.bias: "));
  EXPECT_TRUE(contains(text, "\ncheck that the file and the model's options belong together"));
}

}  // namespace
}  // namespace hadal::models
