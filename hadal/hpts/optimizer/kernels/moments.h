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
    switch (state.format) {
      case Format::fp32:
        read(state.first, first_);
        read(state.second, second_);
        break;
      case Format::bf16:
        read_bf16(state.first, first_);
        read_bf16(state.second, second_);
        break;
      case Format::int8:
        read_int8();
        break;
    }
  }

  float* first() { return first_.values; }
  float* second() { return second_.values; }

  /// Copies the moments to or from arrays [state.count]; null: left out, or zeros.
  void copy_to(float* first, float* second) const {
    if (first) __builtin_memcpy(first + first_element_, first_.values, bytes());
    if (second) __builtin_memcpy(second + first_element_, second_.values, bytes());
  }
  void copy_from(const float* first, const float* second) {
    first_ = second_ = {};
    if (first) __builtin_memcpy(first_.values, first + first_element_, bytes());
    if (second) __builtin_memcpy(second_.values, second + first_element_, bytes());
  }

  /// Takes what was written to first() and second() over into the state.
  void write_back() {
    switch (state_.format) {
      case Format::fp32:
        write(first_, state_.first);
        write(second_, state_.second);
        break;
      case Format::bf16:
        write_bf16(first_, state_.first, 0);
        write_bf16(second_, state_.second, 1);
        break;
      case Format::int8:
        write_int8();
        break;
    }
  }

 private:
  unsigned long bytes() const { return sizeof(float) * static_cast<unsigned long>(count_); }

  void read(const Moment& from, Floats& to) {
    if (count_ < kBlock || !from.values) to = {};
    if (!from.values) return;
    __builtin_memcpy(to.values, static_cast<float*>(from.values) + first_element_, bytes());
  }
  void write(const Floats& from, const Moment& to) {
    if (!to.values) return;
    __builtin_memcpy(static_cast<float*>(to.values) + first_element_, from.values, bytes());
  }

  void read_bf16(const Moment& from, Floats& to) {
    to = {};
    if (!from.values) return;
    Window<uint16_t> window(from.values, first_element_, count_);
    decode_bf16(window.data(), to.values);
  }
  void write_bf16(const Floats& from, const Moment& to, int half) {
    if (!to.values) return;
    Window<uint16_t> window(to.values, first_element_, count_);
    encode_bf16_randomly(from.values, window.data(), first_element_, state_.key, half);
    window.write_back();
  }

  void read_int8() {
    first_ = second_ = {};
    if (!state_.first.values) return;
    Window<int8_t> first(state_.first.values, first_element_, count_);
    decode_linear(first.data(), state_.first.scales[index_], first_.values);
    if (!state_.second.values) return;
    Window<uint8_t> second(state_.second.values, first_element_, count_);
    decode_float(second.data(), state_.second.scales[index_], second_.values);
    for (int i = 0; i < kBlock; i += kWidth) {
      const Vector root = load<Vector>(second_.values + i);
      store(first_.values + i, load<Vector>(first_.values + i) * root);
      store(second_.values + i, root * root);
    }
  }
  void write_int8() {
    if (!state_.first.values) return;
    if (state_.second.values) write_root();
    Window<int8_t> first(state_.first.values, first_element_, count_);
    state_.first.scales[index_] =
        encode_linear(first_.values, first.data(), first_element_, state_.key);
    first.write_back();
  }
  /// Writes the second moment, and leaves the first in units of its root.
  void write_root() {
    for (int i = 0; i < kBlock; i += kWidth) {
      store(second_.values + i, square_root(load<Vector>(second_.values + i)));
    }
    Window<uint8_t> second(state_.second.values, first_element_, count_);
    const float scale = encode_float(second_.values, second.data(), first_element_, state_.key);
    state_.second.scales[index_] = scale;
    decode_float(second.data(), scale, second_.values);
    second.write_back();
    for (int i = 0; i < kBlock; i += kWidth) {
      const Vector root = load<Vector>(second_.values + i);
      const Vector ratio = load<Vector>(first_.values + i) / root;
      store(first_.values + i, root == 0.0F ? Vector{} : ratio);
    }
  }

  const State& state_;
  int64_t index_;
  int64_t first_element_;
  int count_;
  Floats first_;
  Floats second_;
};

}  // namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE
