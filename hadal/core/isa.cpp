#include "hadal/core/isa.h"

#include "hadal/core/error.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

namespace hadal {
namespace {

constexpr std::array<std::string_view, kIsaCount> kNames = {"portable", "avx2", "avx512",
                                                            "avx512_bf16", "amx"};

#if defined(__x86_64__)

constexpr bool has(std::uint64_t word, std::initializer_list<int> bits) {
  for (const int bit : bits) {
    if ((word >> bit & 1) == 0) return false;
  }
  return true;
}

/// The register states that the operating system saves on a switch (XCR0).
std::uint64_t saved_states() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}

/// Linux gives a process the tile registers only on request.
bool may_use_tiles() {
#if defined(__linux__)
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM of <asm/prctl.h>
  constexpr int kTileData = 18;
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

/// Bits as in Intel's Software Developer's Manual, volume 2, CPUID.
Isa detect() {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return Isa::portable;
  if (!has(ecx, {12, 27, 28, 29})) return Isa::portable;  // FMA, OSXSAVE, AVX, F16C
  const std::uint64_t states = saved_states();
  if (!has(states, {1, 2})) return Isa::portable;  // XMM, YMM
  std::uint32_t subleaves = 0;
  if (!__get_cpuid_count(7, 0, &subleaves, &ebx, &ecx, &edx)) return Isa::portable;
  if (!has(ebx, {5})) return Isa::portable;  // AVX2

  if (!has(states, {5, 6, 7})) return Isa::avx2;      // mask registers, ZMM
  if (!has(ebx, {16, 17, 30, 31})) return Isa::avx2;  // AVX512F, DQ, BW, VL
  if (subleaves < 1) return Isa::avx512;
  std::uint32_t ebx1 = 0, ecx1 = 0, edx1 = 0;
  __get_cpuid_count(7, 1, &eax, &ebx1, &ecx1, &edx1);
  if (!has(eax, {5}) || !has(ecx, {11})) return Isa::avx512;  // AVX512_BF16, AVX512_VNNI

  if (!has(states, {17, 18})) return Isa::avx512_bf16;
  if (!has(edx, {22, 24, 25})) return Isa::avx512_bf16;  // AMX-BF16, AMX-TILE, AMX-INT8
  return may_use_tiles() ? Isa::amx : Isa::avx512_bf16;
}

#else

Isa detect() { return Isa::portable; }

#endif

/// The names up to `last`, as a sentence lists them.
std::string names_up_to(Isa last) {
  std::string text(kNames[0]);
  for (std::size_t i = 1; i <= static_cast<std::size_t>(last); ++i) {
    text += concat(i == static_cast<std::size_t>(last) ? " or " : ", ", kNames[i]);
  }
  return text;
}

void check_available(Isa level) {
  if (level <= detected_isa()) return;
  throw InvalidArgument(
      concat("this machine or build cannot run the instruction set ", name_of(level)),
      concat("use ", names_up_to(detected_isa())));
}

Isa isa_from_environment() {
  const char* value = std::getenv("HADAL_ISA");
  if (value == nullptr || *value == '\0') return detected_isa();
  try {
    const Isa level = parse_isa(value);
    check_available(level);
    return level;
  } catch (const InvalidArgument& error) {
    throw InvalidArgument(concat("environment variable HADAL_ISA: ", error.what()),
                          concat("unset it, or set it to ", names_up_to(detected_isa())));
  }
}

constexpr int kNotForced = -1;
std::atomic<int> forced{kNotForced};

}  // namespace

std::string_view name_of(Isa isa) { return kNames[static_cast<std::size_t>(isa)]; }

Isa parse_isa(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Isa>(i);
  }
  throw InvalidArgument(concat("unknown instruction set '", name, "'; expected ",
                               names_up_to(static_cast<Isa>(kNames.size() - 1))));
}

Isa detected_isa() {
  static const Isa level = detect();
  return level;
}

std::vector<Isa> available_isas() {
  std::vector<Isa> levels;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(detected_isa()); ++i) {
    levels.push_back(static_cast<Isa>(i));
  }
  return levels;
}

Isa isa() {
  if (const int level = forced.load(std::memory_order_relaxed); level != kNotForced) {
    return static_cast<Isa>(level);
  }
  static const Isa level = isa_from_environment();
  return level;
}

ScopedIsa::ScopedIsa(Isa level) {
  check_available(level);
  before_ = forced.exchange(static_cast<int>(level));
}

ScopedIsa::~ScopedIsa() { forced = before_; }

}  // namespace hadal
