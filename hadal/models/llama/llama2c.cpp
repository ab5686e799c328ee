#include "hadal/models/llama/llama2c.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/models/llama/tensors.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <ATen/ops/from_blob.h>

namespace hadal::models {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeaderNumbers = 7;
constexpr std::size_t kHeaderBytes = kHeaderNumbers * sizeof(std::int32_t);

struct Bound {
  const char* name;
  std::int64_t most;
};
// As parse_llama_config() has them: no product of these overflows.
constexpr std::array<Bound, kHeaderNumbers> kBounds = {{{"dim", 1 << 20},
                                                        {"hidden_dim", 1 << 20},
                                                        {"n_layers", 4096},
                                                        {"n_heads", 4096},
                                                        {"n_kv_heads", 4096},
                                                        {"vocab_size", 1 << 26},
                                                        {"seq_len", 1 << 26}}};

LlamaConfig config_of(const std::array<std::int64_t, kHeaderNumbers>& numbers, bool tied) {
  return {.family = LlamaFamily::llama,
          .vocabulary = numbers[5],
          .dim = numbers[0],
          .hidden = numbers[1],
          .layers = numbers[2],
          .heads = numbers[3],
          .kv_heads = numbers[4],
          .head_dim = numbers[0] / numbers[3],
          .positions = numbers[6],
          .norm_epsilon = 1e-5,
          .tied = tied,
          .windows = std::vector<std::int64_t>(static_cast<std::size_t>(numbers[2])),
          .begin_id = 1,
          .end_ids = {2}};
}

LlamaConfig read_header(std::span<const std::byte> bytes, const std::string& source) {
  if (bytes.size() < kHeaderBytes) {
    throw FormatError(concat(source, ": expected a header of ", kHeaderBytes,
                             " bytes, but the file has ", bytes.size()));
  }
  std::array<std::int32_t, kHeaderNumbers> raw{};
  std::memcpy(raw.data(), bytes.data(), kHeaderBytes);
  std::array<std::int64_t, kHeaderNumbers> numbers{};
  // A negative vocabulary says that the head has weights of its own.
  const bool tied = raw[5] > 0;
  for (std::size_t i = 0; i < kHeaderNumbers; ++i) {
    numbers[i] = raw[i];
    if (i == 5 && numbers[i] < 0) numbers[i] = -numbers[i];
    if (numbers[i] < 1 || numbers[i] > kBounds[i].most) {
      throw FormatError(concat(source, ": byte ", 4 * i, ": expected ", kBounds[i].name,
                               " from 1 to ", kBounds[i].most, ", found ", numbers[i]),
                        "expected a model in llama2.c's first format");
    }
  }
  const bool divides = numbers[0] % numbers[3] == 0 && numbers[0] / numbers[3] % 2 == 0 &&
                       numbers[3] % numbers[4] == 0;
  if (!divides) {
    throw FormatError(concat(source, ": a width of ", numbers[0], " cannot be shared by ",
                             numbers[3], " heads of an even width, and these by ", numbers[4],
                             " heads of keys"));
  }
  return config_of(numbers, tied);
}

/// The parts of a layer in the file's order; each part is there for all layers at once.
struct Part {
  const char* name;
  std::vector<std::int64_t> shape;
};

std::vector<Part> parts_of(const LlamaConfig& config) {
  const std::int64_t keys = config.kv_heads * config.head_dim;
  return {{"input_layernorm.weight", {config.dim}},
          {"self_attn.q_proj.weight", {config.dim, config.dim}},
          {"self_attn.k_proj.weight", {keys, config.dim}},
          {"self_attn.v_proj.weight", {keys, config.dim}},
          {"self_attn.o_proj.weight", {config.dim, config.dim}},
          {"post_attention_layernorm.weight", {config.dim}},
          {"mlp.gate_proj.weight", {config.hidden, config.dim}},
          {"mlp.down_proj.weight", {config.dim, config.hidden}},
          {"mlp.up_proj.weight", {config.hidden, config.dim}}};
}

/// Angles that older programs read, and that this one computes.
std::int64_t angle_numbers(const LlamaConfig& config) { return config.positions * config.head_dim; }

std::uint64_t bytes_of(const LlamaConfig& config) {
  return kHeaderBytes +
         4 * static_cast<std::uint64_t>(parameter_count(config) + angle_numbers(config));
}

/// Hands out the file's weights one after another.
class Weights {
 public:
  Weights(std::span<const std::byte> bytes, std::shared_ptr<const void> keep_alive)
      : bytes_(bytes), keep_alive_(std::move(keep_alive)) {}

  at::Tensor next(const std::vector<std::int64_t>& shape) {
    // ATen takes no pointer to const; nothing writes to a weight.
    auto* data = const_cast<std::byte*>(bytes_.data()) + offset_;
    const at::Tensor tensor =
        at::from_blob(data, shape, [owner = keep_alive_](void*) {}, at::kFloat);
    offset_ += tensor.nbytes();
    return tensor;
  }
  void skip(std::int64_t numbers) { offset_ += 4 * static_cast<std::size_t>(numbers); }

 private:
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> keep_alive_;
  std::size_t offset_ = kHeaderBytes;
};

/// Rows of neighbouring pairs to rows in halves.
at::Tensor in_halves(const at::Tensor& weight, std::int64_t head_dim) {
  const std::int64_t heads = weight.size(0) / head_dim;
  return weight.view({heads, head_dim / 2, 2, weight.size(1)})
      .transpose(1, 2)
      .reshape(weight.sizes());
}

bool is_turned(const std::string& part) {
  return part.starts_with("self_attn.q") || part.starts_with("self_attn.k");
}

}  // namespace

std::optional<Llama2cFiles> find_llama2c(const fs::path& folder) {
  if (fs::exists(folder / "config.json")) return std::nullopt;
  std::vector<fs::path> models;
  std::vector<fs::path> tokenizers;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().extension() != ".bin") continue;
    const bool is_tokenizer = entry.path().filename().string().starts_with("tok");
    (is_tokenizer ? tokenizers : models).push_back(entry.path());
  }
  if (models.size() != 1 || tokenizers.size() != 1) return std::nullopt;
  return Llama2cFiles{models[0], tokenizers[0]};
}

LlamaWeights parse_llama2c(std::span<const std::byte> bytes,
                           const std::shared_ptr<const void>& keep_alive,
                           const std::string& source) {
  LlamaWeights weights{.config = read_header(bytes, source), .tensors = {}};
  const LlamaConfig& config = weights.config;
  if (bytes.size() != bytes_of(config)) {
    throw FormatError(concat(source, ": expected ", bytes_of(config), " bytes for ", config.layers,
                             " layers of width ", config.dim, ", but the file has ", bytes.size()),
                      "copy the file again, whole; expected a model in llama2.c's first format");
  }
  Weights file(bytes, keep_alive);
  weights.tensors[kEmbeddingTensor] = file.next({config.vocabulary, config.dim});
  for (const Part& part : parts_of(config)) {
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
      const at::Tensor weight = file.next(part.shape);
      weights.tensors[layer_tensor(layer, part.name)] =
          is_turned(part.name) ? in_halves(weight, config.head_dim) : weight;
    }
  }
  weights.tensors[kNormTensor] = file.next({config.dim});
  file.skip(angle_numbers(config));
  if (!config.tied) weights.tensors[kHeadTensor] = file.next({config.vocabulary, config.dim});
  return weights;
}

LlamaWeights read_llama2c(const fs::path& path) {
  const MappedFile file(path);
  return parse_llama2c(file.bytes(), file.keep_alive(), path.string());
}

}  // namespace hadal::models
