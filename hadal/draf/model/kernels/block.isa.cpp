#include "hadal/draf/linear/kernels/element.h"

namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE {
namespace {

/// 1 / sqrt(mean of squares + epsilon), of `sums` of squares of `size` numbers.
float inverse_root(Vector sums, int64_t size, float epsilon) {
  const float mean = dao::kernels::HADAL_ISA_NAMESPACE::sum(sums) / static_cast<float>(size);
  return 1.0F / __builtin_sqrtf(mean + epsilon);
}

template <class Element>
void add_norm_row(float* stream, const typename Element::Stored* delta, const float* weight,
                  float epsilon, typename Element::Stored* out, int64_t dim) {
  Vector squares{};
  each_vector(dim, [&](int64_t i, int64_t count) {
    Vector x = get<Fp32>(stream + i, count);
    if (delta) {
      x += get<Element>(delta + i, count);
      put<Fp32>(stream + i, count, x);
    }
    squares += x * x;
  });
  const float scale = inverse_root(squares, dim, epsilon);
  each_vector(dim, [&](int64_t i, int64_t count) {
    put<Element>(out + i, count,
                 get<Fp32>(stream + i, count) * scale * get<Fp32>(weight + i, count));
  });
}

template <class Element>
void add_norm_of(float* stream, const void* delta, const float* weight, float epsilon, void* out,
                 int64_t rows, int64_t dim) {
  using Stored = typename Element::Stored;
  for (int64_t row = 0; row < rows; ++row) {
    const auto* added = delta ? static_cast<const Stored*>(delta) + row * dim : nullptr;
    add_norm_row<Element>(stream + row * dim, added, weight, epsilon,
                          static_cast<Stored*>(out) + row * dim, dim);
  }
}

template <class Element>
void turn_head(typename Element::Stored* head, const float* cosine, const float* sine,
               const float* weight, float epsilon, int64_t half) {
  float scale = 1;
  if (weight) {
    Vector squares{};
    each_vector(2 * half, [&](int64_t i, int64_t count) {
      const Vector x = get<Element>(head + i, count);
      squares += x * x;
    });
    scale = inverse_root(squares, 2 * half, epsilon);
  }
  each_vector(half, [&](int64_t i, int64_t count) {
    Vector a = get<Element>(head + i, count);
    Vector b = get<Element>(head + half + i, count);
    if (weight) {
      a *= scale * get<Fp32>(weight + i, count);
      b *= scale * get<Fp32>(weight + half + i, count);
    }
    const Vector c = get<Fp32>(cosine + i, count);
    const Vector s = get<Fp32>(sine + i, count);
    put<Element>(head + i, count, a * c - b * s);
    put<Element>(head + half + i, count, b * c + a * s);
  });
}

template <class Element>
void turn_of(void* activations, const float* cosine, const float* sine, const float* weight,
             float epsilon, int64_t rows, int64_t heads, int64_t half) {
  auto* head = static_cast<typename Element::Stored*>(activations);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < heads; ++i, head += 2 * half) {
      turn_head<Element>(head, cosine + row * half, sine + row * half, weight, epsilon, half);
    }
  }
}

/// x * sigmoid(x), by an exponential that cannot overflow.
Vector silu(Vector x) {
  using namespace dao::kernels::HADAL_ISA_NAMESPACE;
  const Vector power = exp2_not_positive((x < 0.0F ? x : -x) * kLog2E);
  return x * (x < 0.0F ? power : broadcast(1.0F)) / (1.0F + power);
}

template <class Element>
void gate_of(void* gate, const void* up, int64_t size) {
  auto* to = static_cast<typename Element::Stored*>(gate);
  const auto* factor = static_cast<const typename Element::Stored*>(up);
  each_vector(size, [&](int64_t i, int64_t count) {
    put<Element>(to + i, count,
                 silu(get<Element>(to + i, count)) * get<Element>(factor + i, count));
  });
}

}  // namespace

void add_norm(float* stream, const void* delta, const float* weight, float epsilon, void* out,
              int64_t rows, int64_t dim, bool is_bf16) {
  (is_bf16 ? add_norm_of<Bf16> : add_norm_of<Fp32>)(stream, delta, weight, epsilon, out, rows, dim);
}

void turn(void* activations, const float* cosine, const float* sine, const float* weight,
          float epsilon, int64_t rows, int64_t heads, int64_t head_dim, bool is_bf16) {
  (is_bf16 ? turn_of<Bf16> : turn_of<Fp32>)(activations, cosine, sine, weight, epsilon, rows, heads,
                                            head_dim / 2);
}

void gate(void* gate, const void* up, int64_t size, bool is_bf16) {
  (is_bf16 ? gate_of<Bf16> : gate_of<Fp32>)(gate, up, size);
}

}  // namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE
