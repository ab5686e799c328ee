#include "hadal/hpts/optimizer/kernels/gradients.h"

#include "hadal/hpts/optimizer/kernels/bf16.h"
#include "hadal/hpts/optimizer/kernels/window.h"

namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE {
namespace {

/// Calls change(values) for each block as floats [kBlock], padded with zeros.
template <class Change>
void change_blocks(const Run& run, const Change& change) {
  for (int64_t first = 0; first < run.count; first += kBlock) {
    const int64_t left = run.count - first;
    const int count = left < kBlock ? static_cast<int>(left) : kBlock;
    if (run.is_bf16) {
      Floats floats;
      Window<uint16_t> window(run.values, first, count);
      decode_bf16(window.data(), floats.values);
      if (change(floats.values)) {
        encode_bf16(floats.values, window.data());
        window.write_back();
      }
    } else {
      Window<float> window(run.values, first, count);
      if (change(window.data())) window.write_back();
    }
  }
}

/// Adds the squares of a block.
void add_squares(const float* values, Doubles& total) {
  for (int i = 0; i < kBlock; i += kWidth / 2) {
    const Doubles x = convert<Doubles>(load<HalfVector>(values + i));
    total += x * x;
  }
}

double sum(Doubles x) {
  double result = 0;
  for (int i = 0; i < kWidth / 2; ++i) result += x[i];
  return result;
}

}  // namespace

double square_sum(const Run& run) {
  Doubles total{};
  change_blocks(run, [&](const float* values) {
    add_squares(values, total);
    return false;
  });
  return sum(total);
}

double scale(const Run& run, float factor) {
  Doubles total{};
  change_blocks(run, [&](float* values) {
    add_squares(values, total);
    for (int i = 0; i < kBlock; i += kWidth) {
      store(values + i, load<Vector>(values + i) * factor);
    }
    return true;
  });
  return sum(total);
}

void clamp(const Run& run, float limit) {
  change_blocks(run, [&](float* values) {
    for (int i = 0; i < kBlock; i += kWidth) {
      const Vector value = load<Vector>(values + i);
      const Vector limited = value > limit ? broadcast(limit) : value;
      store(values + i, limited < -limit ? broadcast(-limit) : limited);
    }
    return true;
  });
}

}  // namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE
