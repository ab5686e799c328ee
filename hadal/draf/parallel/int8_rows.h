#pragma once

#include <ATen/core/Tensor.h>

namespace hadal::draf {

/// x, dense fp32 or bf16 [rows, width], in 8 bits a number, symmetric, with an fp32 scale a row
/// before it: int8 [rows, 4 + width]. A number is off by at most 1/254 of the row's largest.
at::Tensor int8_rows(const at::Tensor& x);

/// Overwrites `sum` [rows, width], dense fp32 or bf16, by the sum of what int8_rows() made, int8
/// [parts, rows, 4 + width].
void add_up_rows(const at::Tensor& parts, const at::Tensor& sum);

}  // namespace hadal::draf
