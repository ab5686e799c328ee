#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

namespace hadal::models {

/// The attention of layer `layer`, from 0: query [b, heads, t, head_dim], and key and value
/// [b, kv_heads, t, head_dim], to a tensor of the query's shape and the type of one of them; they
/// differ under mixed precision only. A model says which keys a query sees, and whether query and
/// key are turned to their positions.
using AttentionFunction = std::function<at::Tensor(const at::Tensor& query, const at::Tensor& key,
                                                   const at::Tensor& value, std::int64_t layer)>;

}  // namespace hadal::models
