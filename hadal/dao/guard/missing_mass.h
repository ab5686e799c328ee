#pragma once

#include "hadal/dao/attention.h"

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// The share of the attention that the kept pairs leave out, from 0 to 1: the mean over batch,
/// heads and queries of 1 - exp(sparse - dense), where both are log-sum-exps [batch, heads,
/// queries] of one call. Queries that see nothing are left out; 0 where there are no others.
double missing_mass(const at::Tensor& dense_log_sum_exp, const at::Tensor& sparse_log_sum_exp);

/// missing_mass() over the queries at `rows`, int64 [n] of the CPU, of each head, whose dense
/// log-sum-exps are computed here: 2 n head_dim keys FLOPs for each head, in fp32.
double missing_mass_at(const at::Tensor& rows, const at::Tensor& query, const at::Tensor& key,
                       const at::Tensor& sparse_log_sum_exp, const AttentionOptions& options);

}  // namespace hadal::dao
