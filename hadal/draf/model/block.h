#pragma once

#include "hadal/draf/linear/linear.h"
#include "hadal/draf/model/model.h"
#include "hadal/models/llama/rope.h"
#include "hadal/models/llama/weights.h"

#include <cstdint>
#include <memory>

#include <ATen/core/Tensor.h>

namespace hadal::draf {

/// RMSNorm's weight, in fp32.
struct Norm {
  at::Tensor weight;
  float epsilon;
};

/// The weights of one layer.
struct Block {
  Norm attention_norm;
  Norm mlp_norm;
  at::Tensor query_norm;  ///< fp32 [head_dim], or undefined
  at::Tensor key_norm;
  std::unique_ptr<Linear> query, key, value, output;
  std::unique_ptr<Linear> gate, up, down;
};

Block make_block(const models::LlamaWeights& weights, std::int64_t layer, WeightFormat format);
std::int64_t bytes_of(const Block& block);

/// Cosines and sines of a pass, fp32 [tokens, head_dim / 2].
struct Angles {
  at::Tensor cosine;
  at::Tensor sine;
};

/// For positions int64 [tokens].
Angles angles_of(const models::RopeAngles& rope, const at::Tensor& positions);

/// stream, fp32 [rows, dim], takes `delta` [rows, dim] of `type`, where it is defined; gives its
/// norm in `type`.
at::Tensor add_norm(at::Tensor& stream, const at::Tensor& delta, const Norm& norm,
                    at::ScalarType type);

/// Turns x, dense [tokens, heads * head_dim], in place, after the norm of each head, where
/// `weight` is defined.
void turn(at::Tensor& x, const Angles& angles, const at::Tensor& weight, float epsilon);

/// SwiGLU's product, in place of `gate`; both dense and of one type.
void gate(at::Tensor& gate, const at::Tensor& up);

}  // namespace hadal::draf
