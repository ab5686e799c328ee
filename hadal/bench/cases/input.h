#pragma once

#include "hadal/bench/runner/case.h"

#include <initializer_list>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// Describes the input of a case by what it is made of: the hash covers the bytes of `tensors`, in
/// order, with their types and shapes.
DataSource data_source(std::string description, bool generated,
                       std::initializer_list<at::Tensor> tensors);

/// The share of rows of `logits` [n, classes] whose largest entry is at `labels` int64 [n].
double accuracy(const at::Tensor& logits, const at::Tensor& labels);

/// |got - exact| / |exact|, Euclidean.
double relative_error(const at::Tensor& got, const at::Tensor& exact);

}  // namespace hadal::bench
