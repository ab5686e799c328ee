#pragma once

// Plain types only: this is compiled once an instruction set.
#include <stdint.h>

namespace hadal::hpts::kernels {

/// Elements that are worked on at once, and that share the scales of an 8-bit state. That of
/// bitsandbytes and torchao.
inline constexpr int kBlock = 256;

enum class Rule { sgd, adam };
enum class Format { fp32, bf16, int8 };

/// A running mean of a parameter: float, or bf16, or 8-bit codes of which each kBlock share a
/// scale.
struct Moment {
  void* values = nullptr;  ///< null: the rule keeps none
  float* scales = nullptr;
};

/// A random stream; which one is the caller's matter.
struct Key {
  uint32_t words[2] = {};
};

/// What is kept of a parameter from step to step.
struct State {
  Format format = Format::fp32;
  Moment first;   ///< of the gradient
  Moment second;  ///< of its square; Adam's
  int64_t count = 0;
  Key key;  ///< of the rounding; a fresh one each step
};

/// A step of one parameter:
///     g += l2 w;  w *= keep;  m = decay m + gain g
///     sgd:  w -= rate (momentum ? g + momentum m : m)
///     adam: v = second_decay v + second_gain g^2
///           w -= rate m / (sqrt(v) / second_root + epsilon)
struct Step {
  Rule rule = Rule::sgd;
  const void* gradient = nullptr;  ///< float, or bf16 [state.count]
  bool gradient_is_bf16 = false;
  void* weight = nullptr;  ///< float, or bf16 [state.count]
  bool weight_is_bf16 = false;
  /// A float weight less the bf16 one that it rounds to, in units of its last place; null: there is
  /// only the bf16 weight, which is rounded up or down at random.
  int16_t* weight_rest = nullptr;
  State state;
  Key weight_key;
  float l2 = 0;
  float keep = 1;
  float decay = 0;
  float gain = 1;
  float momentum = 0;  ///< of Nesterov's look ahead; 0: none
  float second_decay = 0;
  float second_gain = 1;
  float second_root = 1;
  float epsilon = 0;
  float rate = 0;
};

inline int64_t block_count(int64_t elements) { return (elements + kBlock - 1) / kBlock; }

}  // namespace hadal::hpts::kernels
