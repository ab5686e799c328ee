#pragma once

#include "hadal/draf/linear/linear.h"

namespace hadal::draf {

/// A layer whose weights are numbers of fp32 or bf16, row by row, as files have them.
class StoredLinear final : public Linear {
 public:
  /// weight [outputs, inputs], dense, of fp32 or bf16; bias fp32 or undefined.
  StoredLinear(at::Tensor weight, at::Tensor bias);

  std::int64_t inputs() const override { return weight_.size(1); }
  std::int64_t outputs() const override { return weight_.size(0); }
  std::int64_t bytes() const override { return static_cast<std::int64_t>(weight_.nbytes()); }
  at::Tensor operator()(const at::Tensor& x) const override;

 private:
  at::Tensor weight_;
  at::Tensor bias_;
};

}  // namespace hadal::draf
