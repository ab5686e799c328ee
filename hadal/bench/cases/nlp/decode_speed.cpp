#include "hadal/bench/cases/nlp/decode_speed.h"

#include "hadal/bench/cases/memory_speed.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>

namespace hadal::bench {
namespace {

/// What a user without a kernel for it writes.
at::Tensor products_and_softmax(const at::Tensor& query, const at::Tensor& key,
                                const at::Tensor& value) {
  const double scale = 1 / std::sqrt(static_cast<double>(query.size(3)));
  return at::matmul((at::matmul(query, key.transpose(2, 3)) * scale).softmax(3), value);
}

}  // namespace

std::vector<Metric> decode_speeds(const DecodeInput& x, PagedCache& cache) {
  constexpr double kGiga = 1e9;
  const at::Tensor query = x.query_at(x.tokens() - 1);
  const double bytes = static_cast<double>(x.key.nbytes() + x.value.nbytes());
  const double fused = seconds_of([&] { fused_decode(query, x.key, x.value); });
  const double products = seconds_of([&] { products_and_softmax(query, x.key, x.value); });
  const double dense = seconds_of([&] { cache.decode(query, x.tokens(), {}); });
  double kept = 0;
  const double sparse =
      seconds_of([&] { kept = cache.decode(query, x.tokens(), kSparseDecode).kept; });
  const double reading = seconds_of([&] {
    read_all(x.key);
    read_all(x.value);
  });
  // Four heads to each head of keys.
  const at::Tensor shared = query.repeat_interleave(4, 1);
  const double grouped = seconds_of([&] { cache.decode(shared, x.tokens(), kSparseDecode); });
  return {{"speed of dense decoding against the baseline", fused / dense, ""},
          {"speed of dense decoding against two products and a softmax", products / dense, ""},
          {"speed at keep 0.30 against two products and a softmax", products / sparse, ""},
          {"speed at keep 0.30 against dense decoding", dense / sparse, ""},
          {"time at keep 0.30 with 32 heads against 8, of as many keys", grouped / sparse, ""},
          {"keys and values read by dense decoding", bytes / dense / kGiga, "GB/s"},
          {"keys and values read at keep 0.30", kept * bytes / sparse / kGiga, "GB/s"},
          {"what the machine reads of memory", bytes / reading / kGiga, "GB/s"}};
}

}  // namespace hadal::bench
