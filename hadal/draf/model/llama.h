#pragma once

#include "hadal/draf/linear/linear.h"
#include "hadal/draf/model/model.h"
#include "hadal/draf/parallel/rank_grid.h"
#include "hadal/models/llama/weights.h"

#include <memory>

namespace hadal::draf {

/// A model of the Llama family. Weights that have the format's type already are kept as they are,
/// views of the mapped file included. The residual stream, norms, rotation and SwiGLU are computed
/// in fp32, whatever the format; with int4 the head, whose errors go straight to the logits, is
/// int8. Throws InvalidArgument where int4 is asked for widths that it does not take.
///
/// With `ranks`, this one keeps its part of `weights` alone: of the layers that stages_of() gives
/// its stage, what shard_of() gives its place. All ranks then have to make the same calls of
/// forward(), and each of the last stage gets the logits of the whole vocabulary. A pass of many
/// tokens goes through a layer in parts, so that one's sums are on their way while another is
/// computed. Throws InvalidArgument where heads, widths or layers do not suit the ranks.
std::unique_ptr<Model> make_llama(models::LlamaWeights weights, WeightFormat format,
                                  const RankGrid& ranks = {});

}  // namespace hadal::draf
