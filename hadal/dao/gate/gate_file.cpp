#include "hadal/dao/gate/gate_file.h"

#include "hadal/core/error.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/dao/gate/check.h"
#include "hadal/models/state.h"

#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/ops/isfinite.h>

namespace hadal::dao {
namespace {

constexpr std::string_view kFormat = "hadal.dao.gate";
constexpr std::string_view kVersion = "2";
constexpr std::string_view kFeatures = "mean,max,min";
constexpr std::string_view kPrefix = "layers.";

/// The tensors of one gate.
std::map<std::string, std::vector<std::int64_t>> shapes_of(const GateOptions& gate) {
  const std::int64_t bounds = kBoundParts * gate.head_dim;
  return {{"query.weight", {gate.heads}},
          {"key.diagonal", {gate.kv_heads, kBoundParts, kKeyParts, gate.head_dim}},
          {"key.down", {gate.kv_heads, gate.rank, kKeyParts * gate.head_dim}},
          {"key.up", {gate.kv_heads, bounds, gate.rank}},
          {"key.bias", {gate.kv_heads, bounds}}};
}

std::string layer_prefix(std::int64_t layer) { return concat(kPrefix, layer, "."); }

std::map<std::string, std::string> metadata_of(const GateOptions& options) {
  return {{"format", std::string(kFormat)},
          {"version", std::string(kVersion)},
          {"features", std::string(kFeatures)},
          {"heads", std::to_string(options.heads)},
          {"kv_heads", std::to_string(options.kv_heads)},
          {"head_dim", std::to_string(options.head_dim)},
          {"rank", std::to_string(options.rank)}};
}

/// `text` as a number that is written as std::to_string() does.
std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || std::to_string(value) != text) return {};
  return value;
}

/// An opened file and the errors of it.
class GateFile {
 public:
  explicit GateFile(const std::filesystem::path& path) : path_(path), reader_(path) {}

  [[noreturn]] void refuse(const std::string& what) const {
    throw FormatError(concat(path_.string(), ": ", what),
                      "load a file that save_gates() wrote, of this version");
  }

  std::string metadata(const std::string& name) const {
    const auto found = reader_.metadata().find(name);
    if (found == reader_.metadata().end()) {
      refuse(concat("expected metadata \"", name, "\" of a file of gates, got none"));
    }
    return found->second;
  }

  void expect_metadata(const std::string& name, std::string_view expected) const {
    const std::string got = metadata(name);
    if (got != expected) {
      refuse(concat("expected ", name, " \"", expected, "\", got \"", got.substr(0, 80), "\""));
    }
  }

  std::int64_t size(const std::string& name) const {
    const std::string text = metadata(name);
    const auto value = number(text);
    if (!value)
      refuse(concat("expected a whole number as ", name, ", got \"", text.substr(0, 80), "\""));
    return *value;
  }

  GateOptions options() const {
    expect_metadata("format", kFormat);
    expect_metadata("version", kVersion);
    expect_metadata("features", kFeatures);
    const GateOptions result{.heads = size("heads"),
                             .kv_heads = size("kv_heads"),
                             .head_dim = size("head_dim"),
                             .rank = size("rank")};
    try {
      check(result);
    } catch (const InvalidArgument& error) {
      refuse(error.what());
    }
    return result;
  }

  std::set<std::int64_t> layers() const {
    std::set<std::int64_t> result;
    for (const std::string& name : reader_.names()) {
      std::optional<std::int64_t> layer;
      if (name.starts_with(kPrefix)) {
        const std::string_view rest = std::string_view(name).substr(kPrefix.size());
        layer = number(rest.substr(0, rest.find('.')));
      }
      if (!layer || *layer < 0) refuse(concat("expected tensors of layers, got ", name));
      result.insert(*layer);
    }
    if (result.empty()) refuse("expected the gates of one or more layers, got no tensors");
    return result;
  }

  std::size_t tensors() const { return reader_.names().size(); }

  at::Tensor tensor(const std::string& name, at::IntArrayRef sizes) const {
    if (!reader_.contains(name))
      refuse(concat("expected ", name, " ", sizes, ", got no such tensor"));
    const at::Tensor result = reader_.tensor(name);
    if (result.scalar_type() != at::kFloat || result.sizes() != sizes) {
      refuse(concat("expected ", name, " Float ", sizes, ", got ", result.scalar_type(), " ",
                    result.sizes()));
    }
    if (!at::isfinite(result).all().item<bool>()) {
      refuse(concat("expected finite numbers in ", name, ", got some that are not"));
    }
    return result;
  }

 private:
  std::filesystem::path path_;
  SafetensorsReader reader_;
};

}  // namespace

void save_gates(const std::filesystem::path& path, const Gates& gates) {
  if (gates.empty()) throw InvalidArgument("save_gates: expected one or more gates, got none");
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [layer, gate] : gates) {
    if (layer < 0 || gate.is_empty()) {
      throw InvalidArgument(concat("save_gates: expected layers from 0 on, each with a gate, got ",
                                   gate.is_empty() ? "none as " : "", "layer ", layer));
    }
    if (gate->options() != gates.begin()->second->options()) {
      throw InvalidArgument(
          concat("save_gates: expected gates of one size, got another at layer ", layer),
          "write layers of different sizes to a file each");
    }
    for (const auto& [name, tensor] : models::state(*gate)) {
      tensors.emplace(layer_prefix(layer) + name, tensor);
    }
  }
  write_safetensors(path, tensors, metadata_of(gates.begin()->second->options()));
}

Gates load_gates(const std::filesystem::path& path) {
  const GateFile file(path);
  const GateOptions options = file.options();
  Gates gates;
  std::size_t used = 0;
  // A gate is not made before all of its tensors are known to be there, so that a small file cannot
  // make large ones.
  const auto shapes = shapes_of(options);
  for (const std::int64_t layer : file.layers()) {
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [name, sizes] : shapes) {
      tensors.emplace(name, file.tensor(layer_prefix(layer) + name, sizes));
    }
    used += tensors.size();
    DynamicGate gate(options);
    models::load_state(*gate, tensors);
    gates.emplace(layer, std::move(gate));
  }
  if (used != file.tensors()) {
    file.refuse(concat("expected ", shapes.size(), " tensors a layer, got ", file.tensors(),
                       " for ", gates.size(), " layers"));
  }
  return gates;
}

}  // namespace hadal::dao
