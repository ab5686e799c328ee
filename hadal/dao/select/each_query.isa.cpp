#include "hadal/dao/select/each_query_math.h"

namespace hadal::dao::HADAL_ISA_NAMESPACE {
namespace {

struct NoCount {
  static void add(int64_t) {}
};

/// exp(x - most) in each lane; 1 where they are equal, infinite or not.
inline Vector weight(Vector x, Vector most) {
  return x == most ? broadcast(1) : exp2_not_positive((x - most) * kLog2E);
}

/// Makes the products of a vector of queries weights, and gives one by their sums. What is not a
/// number stays, and has no part in the others.
Vector make_weights(float* products, int64_t count) {
  Vector most = broadcast(-__builtin_inff());
  for (int64_t j = 0; j < count; ++j) {
    const Vector x = load(products + j * kQueryLanes);
    most = x > most ? x : most;
  }
  Vector total{};
  for (int64_t j = 0; j < count; ++j) {
    const Vector x = weight(load(products + j * kQueryLanes), most);
    store(products + j * kQueryLanes, x);
    total += x == x ? x : Vector{};
  }
  return 1 / total;
}

/// a or, where it is larger or not a number, b.
inline Vector largest_or_nan(Vector a, Vector b) {
  const Vector larger = b <= a ? a : b;
  return a == a ? larger : a;
}

}  // namespace

void query_products(const QueryProducts& task) { multiply_queries<NoCount>(task); }

void largest_shares(float* products, int64_t queries, int64_t count, float* out) {
  constexpr int kVectors = kQueryLanes / kWidth;
  Vector factors[kVectors];
  const int64_t vectors = (queries + kWidth - 1) / kWidth;
  for (int64_t v = 0; v < vectors; ++v) {
    factors[v] = make_weights(products + v * kWidth, count);
  }
  // Lanes without a query have no share.
  const int64_t last = queries - (vectors - 1) * kWidth;
  const Integers real = lanes_of((uint64_t{1} << last) - 1);
  factors[vectors - 1] = real ? factors[vectors - 1] : Vector{};
  for (int64_t j = 0; j < count; ++j) {
    Vector shares{};
    for (int64_t v = 0; v < vectors; ++v) {
      const Vector share = load(products + j * kQueryLanes + v * kWidth) * factors[v];
      shares = largest_or_nan(shares, share);
    }
    float result = 0;
    for (int i = 0; i < kWidth; ++i) {
      const bool larger = !(shares[i] <= result);
      result = result == result && larger ? shares[i] : result;
    }
    out[j] = result;
  }
}

}  // namespace hadal::dao::HADAL_ISA_NAMESPACE
