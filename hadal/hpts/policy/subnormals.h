#pragma once

namespace hadal::hpts {

/// The types in which matrix products take subnormal numbers for zero.
struct SubnormalFlush {
  bool fp32 = false;
  bool bf16 = false;
  bool fp16 = false;
  bool operator==(const SubnormalFlush&) const = default;
};

/// Multiplies small matrices on the CPU, with subnormal numbers as factors and as results, and sees
/// what becomes of them. That depends on the instructions used (those of AVX512_BF16 flush always)
/// and on the calling thread's mode (at::set_flush_denormal), so it is measured anew at each call;
/// it takes a few milliseconds.
SubnormalFlush probe_subnormals();

}  // namespace hadal::hpts
