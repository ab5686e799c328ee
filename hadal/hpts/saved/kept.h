#pragma once

#include "hadal/hpts/precision/precision.h"

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/MemoryFormat.h>

namespace hadal::hpts {

/// What is left of a tensor's values from forward to backward: the values themselves, a compressed
/// copy, or what they can be computed from again. They are one-dimensional, in the order of memory,
/// so that views of the same values share them.
class Kept {
 public:
  explicit Kept(SavedFormat format) : format_(format) {}
  virtual ~Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  /// How exact the values are that it restores.
  SavedFormat format() const { return format_; }
  /// All values, one-dimensional, of `type` (one that kernels_for takes, or that was kept).
  virtual at::Tensor restore(at::ScalarType type) const = 0;

 private:
  SavedFormat format_;
};

/// Kept values that can be restored piece by piece, so that what is computed from them takes one
/// pass over memory.
class KeptPieces : public Kept {
 public:
  using Kept::Kept;

  /// Pieces begin at multiples of this many values.
  virtual std::int64_t step() const = 0;
  virtual std::int64_t size() const = 0;
  /// Values [begin, begin + count) as kFloat or kBFloat16.
  virtual void restore_piece(std::int64_t begin, std::int64_t count, at::ScalarType type,
                             void* to) const = 0;
  at::Tensor restore(at::ScalarType type) const override;
};

/// int8_blocks: see Kernels::quantize. 1.03 bytes a value.
class KeptBlocks final : public KeptPieces {
 public:
  /// For `size` values, which write_piece then gives in pieces as restore_piece takes them. Pieces
  /// may be written from several threads.
  explicit KeptBlocks(std::int64_t size);
  void write_piece(std::int64_t begin, std::int64_t count, at::ScalarType type, const void* from);

  std::int64_t step() const override;
  std::int64_t size() const override { return codes_.numel(); }
  void restore_piece(std::int64_t begin, std::int64_t count, at::ScalarType type,
                     void* to) const override;

 private:
  at::Tensor codes_;   // uint8 [size]
  at::Tensor ranges_;  // fp32 [blocks, 2]
};

/// exact, bf16: the values themselves. They must not be written to meanwhile: restoring throws
/// InvalidArgument where they were.
class KeptValues final : public KeptPieces {
 public:
  /// `values` one-dimensional.
  KeptValues(SavedFormat format, const at::Tensor& values);

  std::int64_t step() const override { return 1; }
  std::int64_t size() const override { return values_.numel(); }
  void restore_piece(std::int64_t begin, std::int64_t count, at::ScalarType type,
                     void* to) const override;
  at::Tensor restore(at::ScalarType type) const override;

 private:
  at::Tensor values_;
  std::int64_t version_;
};

/// A weight in another type or layout, cast once more when it is asked for. The weight must not be
/// written to meanwhile: restore throws InvalidArgument where it was.
class KeptCast final : public Kept {
 public:
  KeptCast(const at::Tensor& weight, at::MemoryFormat layout);
  at::Tensor restore(at::ScalarType type) const override;

 private:
  at::Tensor weight_;
  std::int64_t version_;
  at::MemoryFormat layout_;
};

/// int64 values, such as the indices of a max pooling, in the narrowest type that holds them all.
class KeptIntegers final : public Kept {
 public:
  explicit KeptIntegers(const at::Tensor& values);
  at::Tensor restore(at::ScalarType type) const override { return values_.to(type); }

 private:
  at::Tensor values_;
};

/// x scale + shift by channel of a channels-last x that is kept already, and max(0, ...) of it
/// where `relu`: the output of a batch norm, or of the ReLU after it.
class KeptNorm final : public KeptPieces {
 public:
  /// scale, shift: fp32 [channels].
  KeptNorm(std::shared_ptr<const KeptPieces> x, at::Tensor scale, at::Tensor shift, bool relu);
  /// The same followed by a ReLU.
  std::shared_ptr<const KeptNorm> with_relu() const;

  std::int64_t step() const override;
  std::int64_t size() const override { return x_->size(); }
  void restore_piece(std::int64_t begin, std::int64_t count, at::ScalarType type,
                     void* to) const override;

 private:
  std::shared_ptr<const KeptPieces> x_;
  at::Tensor scale_, shift_;
  bool relu_;
};

/// x's values in the order of memory, without a copy. x must be dense.
at::Tensor in_memory_order(const at::Tensor& x);

/// Throws InvalidArgument unless x's version is `version` still: it was written to.
void require_unwritten(const at::Tensor& x, std::int64_t version);

/// Pieces for kernels that stay in a core's cache: about 16K values, a multiple of `step`.
std::int64_t piece_size(std::int64_t step);

/// x in `format`; what is exact is no copy. x as has_kernels takes it.
std::shared_ptr<const KeptPieces> keep_values(const at::Tensor& x, SavedFormat format);

}  // namespace hadal::hpts
