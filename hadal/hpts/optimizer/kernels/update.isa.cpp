#include "hadal/hpts/optimizer/kernels/moments.h"

namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE {
namespace {

void sgd(const Step& step, const float* gradients, float* weights, float* means) {
  for (int i = 0; i < kBlock; i += kWidth) {
    Vector w = load<Vector>(weights + i);
    const Vector g = load<Vector>(gradients + i) + step.l2 * w;
    w *= step.keep;
    const Vector m = step.decay * load<Vector>(means + i) + step.gain * g;
    store(means + i, m);
    const Vector direction = step.momentum != 0 ? g + step.momentum * m : m;
    store(weights + i, w - step.rate * direction);
  }
}

/// `squares` are the second moments, or their roots.
template <bool are_roots>
void adam(const Step& step, const float* gradients, float* weights, float* means, float* squares) {
  const float inverse_root = 1.0F / step.second_root;
  for (int i = 0; i < kBlock; i += kWidth) {
    Vector w = load<Vector>(weights + i);
    const Vector g = load<Vector>(gradients + i) + step.l2 * w;
    w *= step.keep;
    const Vector m = step.decay * load<Vector>(means + i) + step.gain * g;
    const Vector kept = load<Vector>(squares + i);
    const Vector before = are_roots ? kept * kept : kept;
    const Vector v = step.second_decay * before + step.second_gain * g * g;
    const Vector root = square_root(v);
    store(means + i, m);
    store(squares + i, are_roots ? root : v);
    const Vector divisor = root * inverse_root + step.epsilon;
    store(weights + i, w - step.rate * m / divisor);
  }
}

/// The gradient of a block as floats, in `memory` where it is not so as it lies.
const float* read_gradient(const Step& step, int64_t first, int count, Floats& memory) {
  if (step.gradient_is_bf16) {
    Floats padded = {};
    auto* halves = reinterpret_cast<uint16_t*>(padded.values);
    __builtin_memcpy(halves, static_cast<const uint16_t*>(step.gradient) + first,
                     sizeof(uint16_t) * static_cast<unsigned long>(count));
    decode_bf16(halves, memory.values);
    return memory.values;
  }
  const float* from = static_cast<const float*>(step.gradient) + first;
  if (count == kBlock) return from;
  memory = {};
  __builtin_memcpy(memory.values, from, sizeof(float) * static_cast<unsigned long>(count));
  return memory.values;
}

void apply(const Step& step, const float* gradients, float* weights, Moments& moments) {
  if (step.rule == Rule::sgd) {
    sgd(step, gradients, weights, moments.first());
  } else if (moments.has_roots()) {
    adam<true>(step, gradients, weights, moments.first(), moments.second());
  } else {
    adam<false>(step, gradients, weights, moments.first(), moments.second());
  }
}

void update_bf16_weights(const Step& step, int64_t first, int count, const float* gradients,
                         Moments& moments) {
  Floats weights;
  Window<uint16_t> window(step.weight, first, count);
  if (step.weight_rest) {
    Window<int16_t> rest(step.weight_rest, first, count);
    join(window.data(), rest.data(), weights.values);
    apply(step, gradients, weights.values, moments);
    split(weights.values, window.data(), rest.data());
    rest.write_back();
  } else {
    decode_bf16(window.data(), weights.values);
    apply(step, gradients, weights.values, moments);
    encode_bf16_randomly(weights.values, window.data(), RandomBlock(first, step.weight_key), 0);
  }
  window.write_back();
}

}  // namespace

void update(const Step& step, int64_t first, int64_t last) {
  Floats memory;
  for (int64_t block = first; block < last; ++block) {
    const int64_t start = block * kBlock;
    const int64_t left = step.state.count - start;
    const int count = left < kBlock ? static_cast<int>(left) : kBlock;
    const float* gradients = read_gradient(step, start, count, memory);
    Moments moments(step.state, block);
    if (step.weight_is_bf16) {
      update_bf16_weights(step, start, count, gradients, moments);
    } else {
      Window<float> weights(step.weight, start, count);
      apply(step, gradients, weights.data(), moments);
      weights.write_back();
    }
    moments.write_back();
  }
}

void read_moments(const State& state, int64_t first, int64_t last, float* means, float* squares) {
  for (int64_t block = first; block < last; ++block) {
    Moments moments(state, block);
    for (int i = 0; i < moments.count(); ++i) {
      const int64_t place = moments.first_element() + i;
      const float second = moments.second()[i];
      if (means) means[place] = moments.first()[i];
      if (squares) squares[place] = moments.has_roots() ? second * second : second;
    }
  }
}

void write_moments(const State& state, int64_t first, int64_t last, const float* means,
                   const float* squares) {
  for (int64_t block = first; block < last; ++block) {
    Moments moments(state, block);
    for (int i = 0; i < moments.count(); ++i) {
      const int64_t place = moments.first_element() + i;
      if (means) moments.first()[i] = means[place];
      if (!squares) continue;
      moments.second()[i] = moments.has_roots() ? __builtin_sqrtf(squares[place]) : squares[place];
    }
    moments.write_back();
  }
}

}  // namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE
