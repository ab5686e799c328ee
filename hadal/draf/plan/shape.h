#pragma once

#include "hadal/models/llama/config.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::draf::plan {

/// The sizes of a decoder that its time and memory depend on.
struct Shape {
  std::string name;
  std::int64_t layers = 0;
  std::int64_t dim = 0;  ///< width of the residual stream
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;  ///< divides heads
  std::int64_t head_dim = 0;
  std::int64_t hidden = 0;  ///< width of the feed-forward layers
  bool gated = false;       ///< two matrices lead into the feed-forward layer, not one
  std::int64_t vocabulary = 0;
  bool tied = false;           ///< the head shares the token embedding
  std::int64_t positions = 0;  ///< rows of a learned position embedding; 0 without one
  std::int64_t context = 0;    ///< the most tokens of a sequence; 0 where nothing limits it
  double weight_bytes = 2;     ///< a parameter
  double cache_bytes = 2;      ///< a number of the KV cache

  double query_dim() const { return static_cast<double>(heads * head_dim); }
  double kv_dim() const { return static_cast<double>(kv_heads * head_dim); }
  /// Of a layer's matrices; norms and biases, a few ten-thousandths, are left out.
  double layer_parameters() const;
  /// Of one token embedding, which is also what a head of its own takes.
  double embedding_parameters() const;
  double position_parameters() const;
  double parameters() const;
  /// Of keys and values, a token in all layers.
  double cache_bytes_a_token() const;
};

/// Shapes of published models by name: gpt-20b and gpt-175b (GPT-3's; Brown et al., 2020), and
/// megatron-530b (Smith et al., 2022), with the 51,200 tokens that they were measured with.
/// Throws InvalidArgument, listing the names, for another.
Shape named_shape(std::string_view name);
std::vector<std::string> shape_names();

/// That of a model in Llama's family, stored in `weight_bytes` a parameter.
Shape shape_of(const models::LlamaConfig& config, const std::string& name, double weight_bytes = 2);

/// The shape that `model` names, or that of the config.json that it is or that lies in the folder
/// that it is. Throws what read_llama_config() throws, and InvalidArgument, listing the names,
/// where there is neither.
Shape find_shape(const std::string& model, double weight_bytes = 2);

}  // namespace hadal::draf::plan
