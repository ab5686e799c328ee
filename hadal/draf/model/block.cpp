#include "hadal/draf/model/block.h"

#include "hadal/draf/model/kernels/block.h"
#include "hadal/models/llama/tensors.h"

#include <algorithm>
#include <string>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

namespace hadal::draf {
namespace {

// Numbers that are worth a thread of their own: some microseconds.
constexpr std::int64_t kGrain = 32768;

std::int64_t grain_of_rows(std::int64_t numbers_a_row) {
  return std::max<std::int64_t>(kGrain / numbers_a_row, 1);
}

const at::Tensor& weight_of(const models::LlamaWeights& weights, std::int64_t layer,
                            const std::string& part) {
  return weights.tensors.at(models::layer_tensor(layer, part + ".weight"));
}

/// The tensor in fp32, or an undefined one where the model has none.
at::Tensor floats_of(const models::LlamaWeights& weights, const std::string& name) {
  const auto found = weights.tensors.find(name);
  return found == weights.tensors.end() ? at::Tensor() : found->second.to(at::kFloat).contiguous();
}

std::unique_ptr<Linear> linear_of(const models::LlamaWeights& weights, std::int64_t layer,
                                  const std::string& part, WeightFormat format) {
  const auto bias = weights.tensors.find(models::layer_tensor(layer, part + ".bias"));
  return make_linear(weight_of(weights, layer, part),
                     bias == weights.tensors.end() ? at::Tensor() : bias->second, format);
}

bool is_bf16(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16; }

char* at_element(const at::Tensor& x, std::int64_t element) {
  return static_cast<char*>(x.data_ptr()) + element * static_cast<std::int64_t>(x.element_size());
}

}  // namespace

Block make_block(const models::LlamaWeights& weights, std::int64_t layer, WeightFormat format) {
  const auto epsilon = static_cast<float>(weights.config.norm_epsilon);
  const auto floats = [&](const char* part) {
    return floats_of(weights, models::layer_tensor(layer, part));
  };
  const auto linear = [&](const char* part) { return linear_of(weights, layer, part, format); };
  return {.attention_norm = {floats("input_layernorm.weight"), epsilon},
          .mlp_norm = {floats("post_attention_layernorm.weight"), epsilon},
          .query_norm = floats("self_attn.q_norm.weight"),
          .key_norm = floats("self_attn.k_norm.weight"),
          .query = linear("self_attn.q_proj"),
          .key = linear("self_attn.k_proj"),
          .value = linear("self_attn.v_proj"),
          .output = linear("self_attn.o_proj"),
          .gate = linear("mlp.gate_proj"),
          .up = linear("mlp.up_proj"),
          .down = linear("mlp.down_proj")};
}

std::int64_t bytes_of(const Block& block) {
  std::int64_t bytes = 0;
  for (const auto* linear : {&block.query, &block.key, &block.value, &block.output, &block.gate,
                             &block.up, &block.down}) {
    bytes += (*linear)->bytes();
  }
  for (const auto& norm :
       {block.attention_norm.weight, block.mlp_norm.weight, block.query_norm, block.key_norm}) {
    if (norm.defined()) bytes += static_cast<std::int64_t>(norm.nbytes());
  }
  return bytes;
}

Angles angles_of(const models::RopeAngles& rope, const at::Tensor& positions) {
  const std::int64_t tokens = positions.size(0);
  const auto half = static_cast<std::int64_t>(rope.frequencies().size());
  Angles angles{at::empty({tokens, half}, at::kFloat), at::empty({tokens, half}, at::kFloat)};
  const at::Tensor dense = positions.contiguous();
  const auto* position = dense.const_data_ptr<std::int64_t>();
  auto* cosine = angles.cosine.mutable_data_ptr<float>();
  auto* sine = angles.sine.mutable_data_ptr<float>();
  // A sine costs as much as some tens of the additions that kGrain counts.
  at::parallel_for(0, tokens, grain_of_rows(32 * half), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      rope.at(position[i], cosine + i * half, sine + i * half);
    }
  });
  return angles;
}

at::Tensor add_norm(at::Tensor& stream, const at::Tensor& delta, const Norm& norm,
                    at::ScalarType type) {
  const std::int64_t dim = stream.size(1);
  at::Tensor out = at::empty(stream.sizes(), stream.options().dtype(type));
  const auto kernel = kernels::kAddNorm.best();
  at::parallel_for(0, stream.size(0), grain_of_rows(dim),
                   [&](std::int64_t begin, std::int64_t end) {
                     kernel(stream.mutable_data_ptr<float>() + begin * dim,
                            delta.defined() ? at_element(delta, begin * dim) : nullptr,
                            norm.weight.const_data_ptr<float>(), norm.epsilon,
                            at_element(out, begin * dim), end - begin, dim, is_bf16(out));
                   });
  return out;
}

void turn(at::Tensor& x, const Angles& angles, const at::Tensor& weight, float epsilon) {
  const std::int64_t half = angles.cosine.size(1);
  const std::int64_t width = x.size(1);
  const float* norm = weight.defined() ? weight.const_data_ptr<float>() : nullptr;
  const auto kernel = kernels::kTurn.best();
  at::parallel_for(0, x.size(0), grain_of_rows(width), [&](std::int64_t begin, std::int64_t end) {
    kernel(at_element(x, begin * width), angles.cosine.const_data_ptr<float>() + begin * half,
           angles.sine.const_data_ptr<float>() + begin * half, norm, epsilon, end - begin,
           width / (2 * half), 2 * half, is_bf16(x));
  });
}

void gate(at::Tensor& gate, const at::Tensor& up) {
  const auto kernel = kernels::kGate.best();
  at::parallel_for(0, gate.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    kernel(at_element(gate, begin), at_element(up, begin), end - begin, is_bf16(gate));
  });
}

}  // namespace hadal::draf
