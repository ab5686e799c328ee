#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace hadal {

/// Instruction sets that kernels are compiled for, each containing those before it:
/// portable     what every machine of the architecture has
/// avx2         AVX2, FMA and F16C
/// avx512       AVX-512 F, BW, DQ and VL
/// avx512_bf16  AVX512_BF16 and AVX512_VNNI (dot products of bfloat16 and of bytes)
/// amx          AMX-TILE, AMX-BF16 and AMX-INT8 (tiles of them)
enum class Isa { portable, avx2, avx512, avx512_bf16, amx };
inline constexpr std::size_t kIsaCount = 5;

std::string_view name_of(Isa isa);
/// Parses a level's name. Throws InvalidArgument, listing the names.
Isa parse_isa(std::string_view name);

/// The best level that this build, processor and operating system can run. Found once.
Isa detected_isa();
/// The levels that can run here, from portable to detected_isa().
std::vector<Isa> available_isas();
/// The level that kernels use: detected_isa(), or the lower one that the environment variable
/// HADAL_ISA names. Throws InvalidArgument, naming what is available, where HADAL_ISA is unknown or
/// above what can run here.
Isa isa();

/// Makes isa() return `level` in all threads while the object lives, for tests of each path.
/// Objects must end in reverse order; make them while no kernel runs.
class ScopedIsa {
 public:
  /// Throws InvalidArgument where `level` cannot run here.
  explicit ScopedIsa(Isa level);
  ~ScopedIsa();
  ScopedIsa(const ScopedIsa&) = delete;
  ScopedIsa& operator=(const ScopedIsa&) = delete;

 private:
  int before_;
};

/// A kernel's function for each level. Where a level has none of its own, it uses that of the next
/// lower one, so a table needs a portable function and as many others as are worth writing.
///
///     // dot.cpp; dot.isa.cpp defines the function in namespace HADAL_ISA_NAMESPACE
///     HADAL_ISA_DECLARE(float dot(const float* a, const float* b, std::int64_t size);)
///     constexpr IsaTable kDot = HADAL_ISA_TABLE(dot);
///     ... kDot.best()(a, b, size);
///
/// Around a hot loop, call best() once and keep what it returns.
template <class Function>
class IsaTable {
 public:
  constexpr IsaTable(Function portable, std::initializer_list<std::pair<Isa, Function>> others) {
    // Not told by comparing with null: sanitizers make that no constant expression.
    std::array<bool, kIsaCount> given{true};
    functions_.front() = portable;
    for (const auto& [level, function] : others) {
      functions_[static_cast<std::size_t>(level)] = function;
      given[static_cast<std::size_t>(level)] = true;
    }
    for (std::size_t i = 1; i < functions_.size(); ++i) {
      if (!given[i]) functions_[i] = functions_[i - 1];
    }
  }

  /// The function for isa(). Throws as isa() does.
  Function best() const { return at(isa()); }
  /// The function that `level` uses.
  constexpr Function at(Isa level) const { return functions_[static_cast<std::size_t>(level)]; }

 private:
  std::array<Function, kIsaCount> functions_{};
};

}  // namespace hadal

/// HADAL_ISA_DECLARE(declaration;) repeats the declaration in the namespace of each level.
/// HADAL_ISA_TABLE(function) makes the IsaTable of a function compiled for every level, and
/// HADAL_ISA_TABLE_OF(function, level...) that of one compiled for portable and the levels named;
/// those of another architecture drop out.
#if defined(__x86_64__)
#define HADAL_ISA_DECLARE(...) \
  namespace portable {         \
  __VA_ARGS__                  \
  }                            \
  namespace avx2 {             \
  __VA_ARGS__                  \
  }                            \
  namespace avx512 {           \
  __VA_ARGS__                  \
  }                            \
  namespace avx512_bf16 {      \
  __VA_ARGS__                  \
  }                            \
  namespace amx {              \
  __VA_ARGS__                  \
  }
#define HADAL_ISA_TABLE(function) HADAL_ISA_TABLE_OF(function, avx2, avx512, avx512_bf16, amx)
#define HADAL_ISA_TABLE_OF(function, ...)           \
  ::hadal::IsaTable<decltype(&portable::function)>( \
      &portable::function, {HADAL_ISA_EXPAND(HADAL_ISA_EACH(function, __VA_ARGS__))})
#else
#define HADAL_ISA_DECLARE(...) \
  namespace portable {         \
  __VA_ARGS__                  \
  }
#define HADAL_ISA_TABLE(function) HADAL_ISA_TABLE_OF(function)
#define HADAL_ISA_TABLE_OF(function, ...) \
  ::hadal::IsaTable<decltype(&portable::function)>(&portable::function, {})
#endif

// One entry per level named. A macro may not call itself, so each entry leaves the call for the
// next to another scan; HADAL_ISA_EXPAND scans often enough for four.
#define HADAL_ISA_EACH(function, level, ...)          \
  {::hadal::Isa::level, &level::function} __VA_OPT__( \
      , HADAL_ISA_EACH_AGAIN HADAL_ISA_PARENTHESES(function, __VA_ARGS__))
#define HADAL_ISA_EACH_AGAIN() HADAL_ISA_EACH
#define HADAL_ISA_PARENTHESES ()
#define HADAL_ISA_EXPAND(...) HADAL_ISA_EXPAND_2(HADAL_ISA_EXPAND_2(__VA_ARGS__))
#define HADAL_ISA_EXPAND_2(...) HADAL_ISA_EXPAND_1(HADAL_ISA_EXPAND_1(__VA_ARGS__))
#define HADAL_ISA_EXPAND_1(...) __VA_ARGS__
