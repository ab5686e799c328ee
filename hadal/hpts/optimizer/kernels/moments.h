#pragma once

#include "hadal/hpts/optimizer/kernels/bf16.h"
#include "hadal/hpts/optimizer/kernels/int8.h"
#include "hadal/hpts/optimizer/kernels/window.h"

namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE {

/// The moments of a block as floats; a moment that the rule does not keep is zeros.
///
/// In 8 bits, the second is kept by its square root, and the first, where there is a second, in
/// units of that root as it was rounded. Those units are what a step of Adam is made of, so that
/// the error of the step does not depend on how the block's second moments differ.
class Moments {
 public:
  Moments(const State& state, int64_t block)
      : state_(state), index_(block), first_element_(block * kBlock) {
    const int64_t left = state.count - first_element_;
    count_ = left < kBlock ? static_cast<int>(left) : kBlock;
    if (state.format == Format::int8) {
      read_int8();
    } else {
      first_ = read(state.first, first_memory_);
      second_ = read(state.second, second_memory_);
    }
  }

  /// Whether second() is the second moments' roots: that is what is at hand.
  bool has_roots() const { return state_.format == Format::int8; }
  float* first() { return first_; }
  float* second() { return second_; }

  /// Takes what was written to first() and second() over into the state.
  void write_back() {
    switch (state_.format) {
      case Format::fp32:
        write(first_, state_.first);
        write(second_, state_.second);
        break;
      case Format::bf16: {
        const RandomBlock random(first_element_, state_.key);
        write_bf16(first_, state_.first, random, 0);
        write_bf16(second_, state_.second, random, 1);
        break;
      }
      case Format::int8:
        write_int8();
        break;
    }
  }

  int64_t first_element() const { return first_element_; }
  int count() const { return count_; }

 private:
  unsigned long bytes() const { return sizeof(float) * static_cast<unsigned long>(count_); }

  /// The moment where it lies, or in `memory`.
  float* read(const Moment& moment, Floats& memory) {
    if (!moment.values) {
      memory = {};
    } else if (state_.format == Format::bf16) {
      Window<uint16_t> window(moment.values, first_element_, count_);
      decode_bf16(window.data(), memory.values);
    } else {
      float* place = static_cast<float*>(moment.values) + first_element_;
      if (count_ == kBlock) return place;
      memory = {};
      __builtin_memcpy(memory.values, place, bytes());
    }
    return memory.values;
  }
  void write(const float* from, const Moment& to) {
    if (!to.values || count_ == kBlock) return;
    __builtin_memcpy(static_cast<float*>(to.values) + first_element_, from, bytes());
  }
  void write_bf16(const float* from, const Moment& to, const RandomBlock& random, int half) {
    if (!to.values) return;
    Window<uint16_t> window(to.values, first_element_, count_);
    encode_bf16_randomly(from, window.data(), random, half);
    window.write_back();
  }

  void read_int8() {
    first_ = first_memory_.values;
    second_ = second_memory_.values;
    if (!state_.first.values) {
      first_memory_ = {};
      return;
    }
    Window<int8_t> first(state_.first.values, first_element_, count_);
    decode_linear(first.data(), state_.first.scales[index_], first_);
    if (!state_.second.values) return;
    Window<uint8_t> second(state_.second.values, first_element_, count_);
    decode_float(second.data(), state_.second.scales[index_], second_);
    for (int i = 0; i < kBlock; i += kWidth) {
      store(first_ + i, load<Vector>(first_ + i) * load<Vector>(second_ + i));
    }
  }
  void write_int8() {
    if (!state_.first.values) return;
    const RandomBlock random(first_element_, state_.key);
    if (state_.second.values) write_roots(random);
    Window<int8_t> first(state_.first.values, first_element_, count_);
    state_.first.scales[index_] = encode_linear(first_, first.data(), random);
    first.write_back();
  }
  /// Writes the second moments' roots, and leaves the first moments in units of them.
  void write_roots(const RandomBlock& random) {
    Window<uint8_t> second(state_.second.values, first_element_, count_);
    const float scale = encode_float(second_, second.data(), random);
    state_.second.scales[index_] = scale;
    decode_float(second.data(), scale, second_);
    second.write_back();
    for (int i = 0; i < kBlock; i += kWidth) {
      const Vector root = load<Vector>(second_ + i);
      const Vector ratio = load<Vector>(first_ + i) / root;
      store(first_ + i, root == 0.0F ? Vector{} : ratio);
    }
  }

  const State& state_;
  int64_t index_;
  int64_t first_element_;
  int count_;
  float* first_;
  float* second_;
  Floats first_memory_;
  Floats second_memory_;
};

}  // namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE
