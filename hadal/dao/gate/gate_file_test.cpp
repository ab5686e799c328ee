#include "hadal/dao/gate/gate_file.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/models/state.h"
#include "hadal/testing/paths.h"

#include <filesystem>
#include <functional>
#include <limits>
#include <string>

#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

using hadal::testing::TemporaryFolder;
using Tensors = std::map<std::string, at::Tensor>;
using Metadata = std::map<std::string, std::string>;

constexpr GateOptions kOptions{.heads = 4, .kv_heads = 2, .head_dim = 24, .rank = 5};

Gates two_gates() {
  seed_aten(1);
  Gates gates;
  gates.emplace(0, DynamicGate(kOptions));
  gates.emplace(11, DynamicGate(kOptions));
  return gates;
}

TEST(GateFile, ComesBackExactly) {
  Gates gates = two_gates();
  const TemporaryFolder folder;
  const auto path = folder / "exact.safetensors";
  save_gates(path, gates);
  const Gates loaded = load_gates(path);
  ASSERT_EQ(loaded.size(), 2U);
  for (const auto& [layer, gate] : gates) {
    EXPECT_EQ(loaded.at(layer)->options(), kOptions);
    const Tensors expected = models::state(*gate);
    for (const auto& [name, tensor] : models::state(*loaded.at(layer))) {
      EXPECT_TRUE(at::equal(tensor, expected.at(name))) << layer << name;
    }
  }
  EXPECT_TRUE(SafetensorsReader(path).contains("layers.11.query.weight"));
}

TEST(GateFile, RefusesWhatIsNoSetOfGates) {
  const TemporaryFolder folder;
  const auto path = folder / "refused.safetensors";
  EXPECT_THROW(save_gates(path, {}), InvalidArgument);
  Gates gates = two_gates();
  gates.emplace(-1, DynamicGate(kOptions));
  EXPECT_THROW(save_gates(path, gates), InvalidArgument);
  gates.erase(-1);
  gates.emplace(2, DynamicGate(GateOptions{.heads = 4, .kv_heads = 4, .head_dim = 24}));
  EXPECT_THROW(save_gates(path, gates), InvalidArgument);
  gates.erase(2);
  gates.emplace(2, nullptr);
  EXPECT_THROW(save_gates(path, gates), InvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(path));
}

/// What loading says of a sound file after `change`.
std::string refusal(const std::function<void(Tensors&, Metadata&)>& change) {
  const TemporaryFolder folder;
  const auto path = folder / "changed.safetensors";
  save_gates(path, two_gates());
  Tensors tensors;
  Metadata metadata;
  {
    const SafetensorsReader reader(path);
    for (const auto& name : reader.names()) tensors.emplace(name, reader.tensor(name).clone());
    metadata = reader.metadata();
  }
  change(tensors, metadata);
  write_safetensors(path, tensors, metadata);
  try {
    load_gates(path);
  } catch (const FormatError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("changed.safetensors: "), std::string::npos) << text;
    return text.substr(text.find(": ") + 2);
  }
  return "nothing";
}

TEST(GateFile, RefusesOtherMetadata) {
  const auto with = [](const std::string& key, const std::string& value) {
    return refusal([&](Tensors&, Metadata& metadata) { metadata[key] = value; });
  };
  EXPECT_EQ(refusal([](Tensors&, Metadata& metadata) { metadata.clear(); }),
            "expected metadata \"format\" of a file of gates, got none");
  EXPECT_EQ(with("format", "pt"), "expected format \"hadal.dao.gate\", got \"pt\"");
  EXPECT_EQ(with("version", "1"), "expected version \"2\", got \"1\"");
  EXPECT_EQ(with("features", "mean"), "expected features \"mean,max,min\", got \"mean\"");
  EXPECT_EQ(with("heads", "4.0"), "expected a whole number as heads, got \"4.0\"");
  EXPECT_EQ(with("heads", "99999999999999999999"),
            "expected a whole number as heads, got \"99999999999999999999\"");
  EXPECT_EQ(with("heads", "-4"), "DynamicGate: expected heads from 1 to 65536, got -4");
  EXPECT_EQ(with("rank", "32"),
            "expected layers.0.key.down Float [2, 32, 72], got Float [2, 5, 72]");
  EXPECT_EQ(with("heads", "65536"), "expected layers.0.query.weight Float [65536], got Float [4]");
}

TEST(GateFile, RefusesOtherTensors) {
  EXPECT_EQ(refusal([](Tensors& x, Metadata&) { x.erase("layers.11.key.bias"); }),
            "expected layers.11.key.bias [2, 48], got no such tensor");
  EXPECT_EQ(refusal([](Tensors& x, Metadata&) { x["layers.11.extra"] = at::zeros({1}); }),
            "expected 5 tensors a layer, got 11 for 2 layers");
  EXPECT_EQ(refusal([](Tensors& x, Metadata&) { x["layers.01.key.bias"] = at::zeros({1}); }),
            "expected tensors of layers, got layers.01.key.bias");
  EXPECT_EQ(refusal([](Tensors& x, Metadata&) { x["model.weight"] = at::zeros({1}); }),
            "expected tensors of layers, got model.weight");
  EXPECT_EQ(refusal([](Tensors& x, Metadata&) { x.clear(); }),
            "expected the gates of one or more layers, got no tensors");
  EXPECT_EQ(refusal([](Tensors& x, Metadata&) {
              x["layers.0.key.bias"] = at::zeros({2, 48}, at::kHalf);
            }),
            "expected layers.0.key.bias Float [2, 48], got Half [2, 48]");
  EXPECT_EQ(refusal([](Tensors& x, Metadata&) {
              x["layers.0.query.weight"][3] = std::numeric_limits<float>::infinity();
            }),
            "expected finite numbers in layers.0.query.weight, got some that are not");
}

TEST(GateFile, SaysWhereThereIsNoFile) {
  EXPECT_THROW(load_gates(TemporaryFolder() / "none.safetensors"), IoError);
}

}  // namespace
}  // namespace hadal::dao
