#pragma once

// Kernels::moments to Kernels::norm_grad. Compiled once an instruction set.
#include "hadal/hpts/saved/element.h"

namespace hadal::hpts::HADAL_ISA_NAMESPACE {

/// Sums are read and written once for so many rows.
constexpr int kRowsAtOnce = 8;

/// sums[c] += term(r, c) over all rows.
template <class Term>
inline void add_up(int64_t rows, int64_t channels, float* __restrict sums, Term term) {
  int64_t r = 0;
  for (; r + kRowsAtOnce <= rows; r += kRowsAtOnce) {
    for (int64_t c = 0; c < channels; ++c) {
      float sum = 0.0F;
#pragma GCC unroll 8
      for (int k = 0; k < kRowsAtOnce; ++k) sum += term(r + k, c);
      sums[c] += sum;
    }
  }
  for (; r < rows; ++r) {
    for (int64_t c = 0; c < channels; ++c) sums[c] += term(r, c);
  }
}

template <class Element>
void moments(const void* from, int64_t rows, int64_t channels, float* __restrict mean,
             float* __restrict squares) {
  const auto* __restrict x = static_cast<const Element*>(from);
  const float share = 1.0F / static_cast<float>(rows);
  for (int64_t c = 0; c < channels; ++c) mean[c] = squares[c] = 0.0F;
  add_up(rows, channels, mean, [=](int64_t r, int64_t c) { return load(x + r * channels + c); });
  for (int64_t c = 0; c < channels; ++c) mean[c] *= share;
  add_up(rows, channels, squares, [=](int64_t r, int64_t c) {
    const float difference = load(x + r * channels + c) - mean[c];
    return difference * difference;
  });
}

template <class From, class To>
void normalize_rows(const From* __restrict x, int64_t rows, int64_t channels,
                    const float* __restrict scale, const float* __restrict shift,
                    To* __restrict y) {
  for (int64_t r = 0; r < rows; ++r, x += channels, y += channels) {
    for (int64_t c = 0; c < channels; ++c) store(y + c, load(x + c) * scale[c] + shift[c]);
  }
}

template <class Element>
void normalize(const void* x, int64_t rows, int64_t channels, const float* scale,
               const float* shift, void* y) {
  normalize_rows(static_cast<const Element*>(x), rows, channels, scale, shift,
                 static_cast<Element*>(y));
}

template <class Element>
void normalize_floats(const float* x, int64_t rows, int64_t channels, const float* scale,
                      const float* shift, bool relu, void* to) {
  auto* __restrict y = static_cast<Element*>(to);
  if (!relu) return normalize_rows(x, rows, channels, scale, shift, y);
  for (int64_t r = 0; r < rows; ++r, x += channels, y += channels) {
    for (int64_t c = 0; c < channels; ++c) {
      const float value = x[c] * scale[c] + shift[c];
      store(y + c, value < 0.0F ? 0.0F : value);
    }
  }
}

template <class Element>
void norm_sums(const void* grad, const float* __restrict x, int64_t rows, int64_t channels,
               const float* __restrict mean, float* __restrict grads, float* __restrict products) {
  const auto* __restrict g = static_cast<const Element*>(grad);
  for (int64_t c = 0; c < channels; ++c) grads[c] = products[c] = 0.0F;
  add_up(rows, channels, grads, [=](int64_t r, int64_t c) { return load(g + r * channels + c); });
  add_up(rows, channels, products, [=](int64_t r, int64_t c) {
    return load(g + r * channels + c) * (x[r * channels + c] - mean[c]);
  });
}

template <class Element>
void norm_grad(const void* grad, const float* __restrict x, int64_t rows, int64_t channels,
               const float* __restrict of_grad, const float* __restrict of_x,
               const float* __restrict shift, void* to) {
  const auto* __restrict g = static_cast<const Element*>(grad);
  auto* __restrict y = static_cast<Element*>(to);
  for (int64_t r = 0; r < rows; ++r, g += channels, x += channels, y += channels) {
    for (int64_t c = 0; c < channels; ++c) {
      store(y + c, load(g + c) * of_grad[c] + (x[c] * of_x[c] + shift[c]));
    }
  }
}

}  // namespace hadal::hpts::HADAL_ISA_NAMESPACE
