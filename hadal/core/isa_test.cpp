#include "hadal/core/isa.h"

#include "hadal/core/error.h"
#include "hadal/core/isa_test.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace hadal {
namespace isa_test {

HADAL_ISA_DECLARE(extern const unsigned compiled_features;)
HADAL_ISA_DECLARE(void multiply_add(float a, const float* x, float* y, long size);)
HADAL_ISA_DECLARE(const char* compiled_level();)
HADAL_ISA_DECLARE(float dot_bf16(const unsigned short* a, const unsigned short* b, long size);)

namespace {

constexpr IsaTable kCompiledFeatures = HADAL_ISA_TABLE(compiled_features);
constexpr IsaTable kMultiplyAdd = HADAL_ISA_TABLE(multiply_add);
constexpr IsaTable kCompiledLevel = HADAL_ISA_TABLE(compiled_level);
constexpr IsaTable kDotBf16 = HADAL_ISA_TABLE_OF(dot_bf16, avx512_bf16);
constexpr Isa kHighest = static_cast<Isa>(kIsaCount - 1);

#if defined(__x86_64__)
TEST(Isa, CompilesEachLevelWithItsFlagsAndNoMore) {
  const unsigned avx2 = kAvx2 | kFma | kF16c;
  const unsigned avx512 = avx2 | kAvx512F | kAvx512Bw | kAvx512Dq | kAvx512Vl;
  EXPECT_EQ(*kCompiledFeatures.at(Isa::portable), 0u);
  EXPECT_EQ(*kCompiledFeatures.at(Isa::avx2), avx2);
  EXPECT_EQ(*kCompiledFeatures.at(Isa::avx512), avx512);
  const unsigned avx512_bf16 = avx512 | kAvx512Bf16 | kAvx512Vnni;
  EXPECT_EQ(*kCompiledFeatures.at(Isa::avx512_bf16), avx512_bf16);
  EXPECT_EQ(*kCompiledFeatures.at(Isa::amx), avx512_bf16 | kAmxTile | kAmxBf16 | kAmxInt8);
}

TEST(Isa, DetectsWhatTheCompilerRuntimeDetects) {
  __builtin_cpu_init();
  EXPECT_EQ(detected_isa() >= Isa::avx2, __builtin_cpu_supports("avx2") &&
                                             __builtin_cpu_supports("fma") &&
                                             __builtin_cpu_supports("f16c"));
  EXPECT_EQ(detected_isa() >= Isa::avx512,
            __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"));
  EXPECT_EQ(detected_isa() >= Isa::avx512_bf16, detected_isa() >= Isa::avx512 &&
                                                    __builtin_cpu_supports("avx512bf16") &&
                                                    __builtin_cpu_supports("avx512vnni"));
}

TEST(Isa, UsesTheNextLowerFunctionWhereALevelHasNone) {
  EXPECT_EQ(kDotBf16.at(Isa::portable), &portable::dot_bf16);
  EXPECT_EQ(kDotBf16.at(Isa::avx2), &portable::dot_bf16);
  EXPECT_EQ(kDotBf16.at(Isa::avx512), &portable::dot_bf16);
  EXPECT_EQ(kDotBf16.at(Isa::avx512_bf16), &avx512_bf16::dot_bf16);
  EXPECT_EQ(kDotBf16.at(Isa::amx), &avx512_bf16::dot_bf16);
}

TEST(Isa, TakesTableEntriesInAnyOrder) {
  using Function = const char* (*)();
  constexpr IsaTable<Function> table(
      portable::compiled_level,
      {{Isa::avx512_bf16, avx512_bf16::compiled_level}, {Isa::avx2, avx2::compiled_level}});
  EXPECT_EQ(table.at(Isa::portable), &portable::compiled_level);
  EXPECT_EQ(table.at(Isa::avx512), &avx2::compiled_level);
  EXPECT_EQ(table.at(Isa::amx), &avx512_bf16::compiled_level);
}
#endif

TEST(Isa, RunsEachLevelThatTheMachineHas) {
  constexpr long kSize = 1003;  // no multiple of any vector, so that the rest is covered
  std::vector<float> x(kSize), start(kSize);
  for (long i = 0; i < kSize; ++i) {
    x[i] = static_cast<float>(i % 17 - 8);
    start[i] = static_cast<float>(i % 5);
  }
  for (const Isa level : available_isas()) {
    const ScopedIsa force(level);
    EXPECT_EQ(kCompiledLevel.best()(), name_of(level));
    std::vector<float> y = start;
    kMultiplyAdd.best()(0.5f, x.data(), y.data(), kSize);
    // Small halves are exact in float, so a fused multiply-add gives the same.
    for (long i = 0; i < kSize; ++i) {
      ASSERT_EQ(y[i], start[i] + 0.5f * x[i]) << name_of(level) << " at " << i;
    }
  }
}

TEST(Isa, RunsAFunctionWrittenByHandForOneLevel) {
  std::vector<unsigned short> a(64), b(64);
  float expected = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const float value = static_cast<float>(i % 7);
    a[i] = static_cast<unsigned short>(__builtin_bit_cast(unsigned, value) >> 16);
    b[i] = static_cast<unsigned short>(__builtin_bit_cast(unsigned, value - 3) >> 16);
    expected += value * (value - 3);
  }
  for (const Isa level : available_isas()) {
    const ScopedIsa force(level);
    EXPECT_EQ(kDotBf16.best()(a.data(), b.data(), 64), expected) << name_of(level);
  }
}

TEST(Isa, AvailableLevelsRunFromPortableToTheDetectedOne) {
  const auto levels = available_isas();
  EXPECT_EQ(levels.front(), Isa::portable);
  EXPECT_EQ(levels.back(), detected_isa());
  EXPECT_EQ(levels.size(), static_cast<std::size_t>(detected_isa()) + 1);
}

TEST(Isa, NamesGoThereAndBack) {
  for (std::size_t i = 0; i < kIsaCount; ++i) {
    const Isa level = static_cast<Isa>(i);
    EXPECT_EQ(parse_isa(name_of(level)), level);
  }
  try {
    parse_isa("AVX512");
    FAIL() << "accepted";
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(),
                 "unknown instruction set 'AVX512'; expected portable, avx2, avx512, avx512_bf16 "
                 "or amx");
  }
}

TEST(Isa, ScopedLevelsNestAndReachOtherThreads) {
  const Isa before = isa();
  {
    const ScopedIsa outer(Isa::portable);
    {
      const ScopedIsa inner(detected_isa());
      Isa elsewhere = Isa::portable;
      std::thread([&] { elsewhere = isa(); }).join();
      EXPECT_EQ(elsewhere, detected_isa());
    }
    EXPECT_EQ(isa(), Isa::portable);
  }
  EXPECT_EQ(isa(), before);
}

TEST(Isa, RefusesALevelThatTheMachineLacks) {
  if (detected_isa() == kHighest) GTEST_SKIP() << "this machine has every level";
  try {
    const ScopedIsa force(kHighest);
    FAIL() << "accepted";
  } catch (const InvalidArgument& error) {
    EXPECT_NE(error.hint().find(name_of(detected_isa())), std::string::npos) << error.hint();
  }
}

/// Prints what isa() answers. HADAL_ISA counts from a process's start, so this needs a new process.
[[noreturn]] void print_isa() {
  try {
    std::fprintf(stderr, "isa is %s", std::string(name_of(isa())).c_str());
  } catch (const InvalidArgument& error) {
    std::fprintf(stderr, "%s; %s", error.what(), error.hint().c_str());
  }
  std::_Exit(0);
}

class IsaEnvironmentDeathTest : public ::testing::Test {
 protected:
  IsaEnvironmentDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  ~IsaEnvironmentDeathTest() override { ::unsetenv("HADAL_ISA"); }

  static void expect(const std::string& value, const std::string& answer) {
    ::setenv("HADAL_ISA", value.c_str(), 1);
    EXPECT_EXIT(print_isa(), ::testing::ExitedWithCode(0), answer) << "HADAL_ISA=" << value;
  }
};

TEST_F(IsaEnvironmentDeathTest, ForcesALowerLevel) {
  expect("", concat("isa is ", name_of(detected_isa()), "$"));
  expect("portable", "isa is portable$");
  expect(std::string(name_of(detected_isa())), concat("isa is ", name_of(detected_isa()), "$"));
}

TEST_F(IsaEnvironmentDeathTest, NamesWhatIsAvailableWhereTheLevelIsUnknownOrMissing) {
  expect("sse9", concat("HADAL_ISA: unknown instruction set 'sse9'.*set it to .*",
                        name_of(detected_isa()), "$"));
  if (detected_isa() == kHighest) GTEST_SKIP() << "this machine has every level";
  expect(std::string(name_of(kHighest)),
         concat("HADAL_ISA: .*cannot run the instruction set ", name_of(kHighest), ".*set it to .*",
                name_of(detected_isa()), "$"));
}

}  // namespace
}  // namespace isa_test
}  // namespace hadal
