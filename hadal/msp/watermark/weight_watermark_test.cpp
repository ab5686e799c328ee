#include "hadal/msp/watermark/weight_watermark.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/random.h"
#include "hadal/testing/paths.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

WatermarkKey key_of(std::uint64_t seed) {
  Random random(seed);
  WatermarkKey key;
  for (auto& byte : key.bytes) byte = static_cast<std::uint8_t>(random.below(256));
  return key;
}

Weights random_weights(std::uint64_t seed) {
  seed_aten(seed);
  return {{"a.weight", 0.1 * at::randn({64, 32, 3, 3})},
          {"b.weight", 2 * at::randn({100, 200})},
          {"b.bias", at::randn({100})},
          {"steps", at::arange(4)}};
}

/// The weights without the half of each tensor that is smallest in magnitude.
Weights pruned(const Weights& weights) {
  Weights result;
  for (const auto& [name, tensor] : weights) {
    const at::Tensor flat = tensor.abs().flatten();
    const at::Tensor middle = std::get<0>(flat.sort()).select(0, flat.numel() / 2);
    result[name] = tensor.dim() < 2 ? tensor : tensor * tensor.abs().gt(middle);
  }
  return result;
}

TEST(KeyStream, IsChaCha20UnderADerivedKey) {
  WatermarkKey key;
  for (std::size_t i = 0; i < key.bytes.size(); ++i) key.bytes[i] = static_cast<std::uint8_t>(i);
  watermark::KeyStream stream(key, "name");
  // From a computation of RFC 8439's block function in Python.
  EXPECT_EQ(stream.next(), 0xf7bb7aabU);
  EXPECT_EQ(stream.next(), 0x65ccd2b7U);
  for (int i = 2; i < 4096; ++i) stream.next();
  EXPECT_EQ(stream.next(), 0x223f4799U);
}

TEST(WatermarkKey, ComesBackFromAPrivateFile) {
  const hadal::testing::TemporaryFolder folder;
  const auto path = folder / "key";
  const WatermarkKey key = make_watermark_key();
  write_watermark_key(path, key);
  EXPECT_EQ(read_watermark_key(path).bytes, key.bytes);
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
  EXPECT_THROW(write_watermark_key(path, key), InvalidArgument);
  write_file(folder / "bad", "12");
  EXPECT_THROW(read_watermark_key(folder / "bad"), FormatError);
}

TEST(WeightWatermark, IsReadByItsKeyAndOwnerAlone) {
  const auto result = embed_watermark(random_weights(1), key_of(1), "a laboratory");
  EXPECT_EQ(result.carriers, 64 * 32 * 9 + 20'000);
  const auto claim = verify_watermark(result.weights, key_of(1), "a laboratory");
  EXPECT_EQ(claim.matches, 528);
  EXPECT_TRUE(claim.holds() && claim.is_read);
  EXPECT_FALSE(verify_watermark(result.weights, key_of(2), "a laboratory").holds());
  EXPECT_FALSE(verify_watermark(result.weights, key_of(1), "another").holds());
  EXPECT_FALSE(verify_watermark(random_weights(1), key_of(1), "a laboratory").holds());
}

TEST(WeightWatermark, MovesWeightsAsLittleAsItSays) {
  const Weights weights = random_weights(2);
  const auto result = embed_watermark(weights, key_of(1), "x");
  double change = 0, whole = 0;
  for (const auto& name : {"a.weight", "b.weight"}) {
    change += (result.weights.at(name) - weights.at(name)).pow(2).sum(at::kDouble).item<double>();
    whole += weights.at(name).pow(2).sum(at::kDouble).item<double>();
  }
  EXPECT_NEAR(result.relative_change, std::sqrt(change / whole), 1e-4);
  EXPECT_LT(result.relative_change, 3.3 * std::sqrt(528.0 / static_cast<double>(result.carriers)));
  EXPECT_TRUE(result.weights.at("b.bias").equal(weights.at("b.bias")));
  EXPECT_TRUE(result.weights.at("steps").equal(weights.at("steps")));
}

TEST(WeightWatermark, SurvivesPruningNoiseRoundingAndLoss) {
  Weights weights = embed_watermark(random_weights(3), key_of(1), "x").weights;
  const auto log10_p = [](const Weights& changed) {
    return verify_watermark(changed, key_of(1), "x").log10_p;
  };
  EXPECT_LT(log10_p(pruned(weights)), -50);
  Weights noisy = weights, rounded = weights, fewer = weights;
  for (auto& [name, tensor] : noisy) {
    if (tensor.dim() >= 2) tensor = tensor + 0.5 * tensor.std() * at::randn(tensor.sizes());
  }
  EXPECT_LT(log10_p(noisy), -50);
  for (auto& [name, tensor] : rounded) {
    if (tensor.dim() >= 2) tensor = tensor.to(at::kBFloat16);
  }
  EXPECT_LT(log10_p(rounded), -100);
  fewer.erase("b.weight");
  EXPECT_LT(log10_p(fewer), -20);
}

TEST(WeightWatermark, AFalseKeysPValueIsUniform) {
  // Of a model that carries another's watermark, which must make no difference.
  const Weights weights = embed_watermark(random_weights(4), key_of(0), "x").weights;
  Weights small;
  small["w"] = weights.at("a.weight").narrow(0, 0, 32);
  constexpr int kKeys = 1000;
  std::vector<double> p;
  for (std::uint64_t seed = 1; seed <= kKeys; ++seed) {
    p.push_back(std::pow(10, verify_watermark(small, key_of(seed), "x").log10_p));
  }
  std::ranges::sort(p);
  // Kolmogorov's distance: below 1.95 / sqrt(n) but once in a thousand. Of a discrete distribution
  // steps are as high as a count's chance, at most 0.035 here.
  double distance = 0;
  for (int i = 0; i < kKeys; ++i) {
    distance = std::max(distance, std::abs(p[static_cast<std::size_t>(i)] - (i + 0.5) / kKeys));
  }
  EXPECT_LT(distance, 1.95 / std::sqrt(kKeys) + 0.035);
  EXPECT_GT(p.front(), 1e-6);
}

TEST(WeightWatermark, RefusesWhatCannotCarryIt) {
  EXPECT_THROW(embed_watermark({{"w", at::ones({8, 8})}}, key_of(1), "x"), InvalidArgument);
  EXPECT_THROW(embed_watermark(random_weights(1), key_of(1), ""), InvalidArgument);
  const Weights zeros = {{"w", at::zeros({100, 100})}};
  EXPECT_EQ(verify_watermark(zeros, key_of(1), "x").matches, 0);
}

}  // namespace
}  // namespace hadal::msp
