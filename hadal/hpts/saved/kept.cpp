#include "hadal/hpts/saved/kept.h"

#include "hadal/core/error.h"
#include "hadal/hpts/saved/dispatch.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/aminmax.h>
#include <ATen/ops/as_strided.h>
#include <ATen/ops/empty.h>

namespace hadal::hpts {

at::Tensor in_memory_order(const at::Tensor& x) {
  return x.as_strided({x.numel()}, {1}, x.storage_offset());
}

std::int64_t piece_size(std::int64_t step) {
  constexpr std::int64_t kPiece = 16'384;
  return std::max<std::int64_t>(1, kPiece / step) * step;
}

at::Tensor KeptPieces::restore(at::ScalarType type) const {
  at::Tensor result = at::empty({size()}, type);
  auto* to = static_cast<char*>(result.mutable_data_ptr());
  const auto item = static_cast<std::int64_t>(result.element_size());
  const std::int64_t piece = piece_size(step());
  at::parallel_for(0, (size() + piece - 1) / piece, 1, [&](auto first, auto last) {
    for (auto i = first; i < last; ++i) {
      const std::int64_t begin = i * piece;
      restore_piece(begin, std::min(piece, size() - begin), type, to + begin * item);
    }
  });
  return result;
}

KeptBlocks::KeptBlocks(std::int64_t size)
    : KeptPieces(SavedFormat::int8_blocks),
      codes_(at::empty({size}, at::kByte)),
      ranges_(at::empty({(size + kBlockValues - 1) / kBlockValues, 2}, at::kFloat)) {}

void KeptBlocks::write_piece(std::int64_t begin, std::int64_t count, at::ScalarType type,
                             const void* from) {
  kernels_for(type).quantize(from, count, codes_.mutable_data_ptr<std::uint8_t>() + begin,
                             ranges_.mutable_data_ptr<float>() + begin / kBlockValues * 2);
}

std::int64_t KeptBlocks::step() const { return kBlockValues; }

void KeptBlocks::restore_piece(std::int64_t begin, std::int64_t count, at::ScalarType type,
                               void* to) const {
  kernels_for(type).dequantize(codes_.const_data_ptr<std::uint8_t>() + begin,
                               ranges_.const_data_ptr<float>() + begin / kBlockValues * 2, count,
                               to);
}

void require_unwritten(const at::Tensor& x, std::int64_t version) {
  if (x._version() == version) return;
  throw InvalidArgument(concat("backward: a tensor ", x.sizes(),
                               " that the backward pass needs was written to since the forward"),
                        "step the optimizer after the backward pass, and write to copies");
}

KeptValues::KeptValues(SavedFormat format, const at::Tensor& values)
    : KeptPieces(format), values_(values.detach()), version_(values._version()) {}

void KeptValues::restore_piece(std::int64_t begin, std::int64_t count, at::ScalarType type,
                               void* to) const {
  require_unwritten(values_, version_);
  const auto item = static_cast<std::int64_t>(values_.element_size());
  const auto* from = static_cast<const char*>(values_.const_data_ptr()) + begin * item;
  if (type == values_.scalar_type()) {
    std::memcpy(to, from, static_cast<std::size_t>(count * item));
  } else if (type == at::kFloat) {
    kernels_for(at::kBFloat16).widen(from, count, static_cast<float*>(to));
  } else {
    kernels_for(type).narrow(reinterpret_cast<const float*>(from), count, to);
  }
}

at::Tensor KeptValues::restore(at::ScalarType type) const {
  require_unwritten(values_, version_);
  return values_.to(type);
}

KeptCast::KeptCast(const at::Tensor& weight, at::MemoryFormat layout)
    : Kept(SavedFormat::exact),
      weight_(weight.detach()),
      version_(weight._version()),
      layout_(layout) {}

at::Tensor KeptCast::restore(at::ScalarType type) const {
  require_unwritten(weight_, version_);
  return in_memory_order(weight_.to(type, false, false, layout_));
}

KeptIntegers::KeptIntegers(const at::Tensor& values) : Kept(SavedFormat::exact) {
  const auto [low, high] = at::aminmax(values);
  const std::int64_t least = low.item<std::int64_t>();
  const std::int64_t most = high.item<std::int64_t>();
  const auto holds = [&](auto limits) { return least >= limits.min() && most <= limits.max(); };
  const at::ScalarType type = holds(std::numeric_limits<std::int16_t>())   ? at::kShort
                              : holds(std::numeric_limits<std::int32_t>()) ? at::kInt
                                                                           : at::kLong;
  values_ = in_memory_order(values.detach()).to(type);
}

KeptNorm::KeptNorm(std::shared_ptr<const KeptPieces> x, at::Tensor scale, at::Tensor shift,
                   bool relu)
    : KeptPieces(x->format()),
      x_(std::move(x)),
      scale_(std::move(scale)),
      shift_(std::move(shift)),
      relu_(relu) {}

std::shared_ptr<const KeptNorm> KeptNorm::with_relu() const {
  return std::make_shared<KeptNorm>(x_, scale_, shift_, true);
}

std::int64_t KeptNorm::step() const { return std::lcm(x_->step(), scale_.numel()); }

void KeptNorm::restore_piece(std::int64_t begin, std::int64_t count, at::ScalarType type,
                             void* to) const {
  thread_local std::vector<float> floats;
  floats.resize(static_cast<std::size_t>(count));
  x_->restore_piece(begin, count, at::kFloat, floats.data());
  kernels_for(type).normalize_floats(floats.data(), count / scale_.numel(), scale_.numel(),
                                     scale_.const_data_ptr<float>(), shift_.const_data_ptr<float>(),
                                     relu_, to);
}

std::shared_ptr<const KeptPieces> keep_values(const at::Tensor& x, SavedFormat format) {
  const at::Tensor values = in_memory_order(x.detach());
  if (format == SavedFormat::exact ||
      (format == SavedFormat::bf16 && x.scalar_type() == at::kBFloat16)) {
    return std::make_shared<KeptValues>(SavedFormat::exact, values);
  }
  if (format == SavedFormat::bf16) {
    return std::make_shared<KeptValues>(format, values.to(at::kBFloat16));
  }
  auto blocks = std::make_shared<KeptBlocks>(values.numel());
  const auto* from = static_cast<const char*>(values.const_data_ptr());
  const auto item = static_cast<std::int64_t>(values.element_size());
  const std::int64_t piece = piece_size(blocks->step());
  at::parallel_for(0, (values.numel() + piece - 1) / piece, 1, [&](auto first, auto last) {
    for (auto i = first; i < last; ++i) {
      const std::int64_t begin = i * piece;
      blocks->write_piece(begin, std::min(piece, values.numel() - begin), x.scalar_type(),
                          from + begin * item);
    }
  });
  return blocks;
}

}  // namespace hadal::hpts
