#pragma once

#include <initializer_list>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// Where a bool [n] holds, int64 [m].
at::Tensor places_of(const at::Tensor& mask);

/// Replaces each tensor by its rows `index`, int64 [m]; those undefined stay so.
void keep_rows(const at::Tensor& index, std::initializer_list<at::Tensor*> tensors);

/// [n] as [n, 1, ...] with as many dimensions as `like`.
at::Tensor column(const at::Tensor& values, const at::Tensor& like);

}  // namespace hadal::msp
