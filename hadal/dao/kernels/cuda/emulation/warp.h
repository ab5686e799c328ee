#pragma once

// What a warp's instructions do, by the layouts of registers that the PTX ISA documents ("Matrix
// fragments for mma.m16n8k16 with floating point type", "ldmatrix"). Written element by element
// from there, without regard to how the kernels use them.
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace hadal::dao::kernels::cuda::emulation {

enum class Kind {
  none,
  barrier,
  load_matrices,
  load_matrices_transposed,
  multiply_add,
  across,
  any
};

/// What a lane brings to an instruction that its whole warp or thread block takes part in.
struct Request {
  Kind kind = Kind::none;
  std::uint32_t* loaded = nullptr;
  std::uint32_t address = 0;
  float* sums = nullptr;
  const std::uint32_t* a = nullptr;
  std::array<std::uint32_t, 2> b = {};
  int mask = 0;
};

using Lanes = std::array<const Request*, 32>;

/// The upper or lower half of a register, as bf16.
inline float element(std::uint32_t bits, int half) {
  return std::bit_cast<float>(half == 0 ? bits << 16 : bits & 0xffff0000U);
}

/// ldmatrix .x4: lane 8 i + r has the address of row r of matrix i. Lane l gets, of each matrix,
/// row l / 4, columns 2 (l % 4) and the next; with .trans, the same of the transposed matrix.
inline void load_matrices(const Lanes& lanes, const char* memory, bool transposed) {
  for (int matrix = 0; matrix < 4; ++matrix) {
    std::uint16_t elements[8][8];
    for (int row = 0; row < 8; ++row) {
      std::memcpy(elements[row],
                  memory + lanes[static_cast<std::size_t>(matrix * 8 + row)]->address,
                  sizeof(elements[row]));
    }
    for (int lane = 0; lane < 32; ++lane) {
      const auto at = [&](int i) -> std::uint32_t {
        const int row = lane / 4;
        const int column = lane % 4 * 2 + i;
        return transposed ? elements[column][row] : elements[row][column];
      };
      lanes[static_cast<std::size_t>(lane)]->loaded[matrix] = at(0) | at(1) << 16;
    }
  }
}

/// mma.m16n8k16 with bf16 operands and fp32 sums.
inline void multiply_add(const Lanes& lanes) {
  float a[16][16], b[16][8], sums[16][8];
  const auto each_sum = [&](const auto& act) {
    for (int lane = 0; lane < 32; ++lane) {
      for (int i = 0; i < 4; ++i) {
        const int row = (lane >> 2) + (i < 2 ? 0 : 8);
        const int column = lane % 4 * 2 + (i & 1);
        act(sums[row][column], lanes[static_cast<std::size_t>(lane)]->sums[i]);
      }
    }
  };
  for (int lane = 0; lane < 32; ++lane) {
    const Request& request = *lanes[static_cast<std::size_t>(lane)];
    const int group = lane >> 2;
    const int in_group = lane % 4;
    for (int i = 0; i < 8; ++i) {
      const int row = (i >= 0 && i < 2) || (i >= 4 && i < 6) ? group : group + 8;
      const int column = in_group * 2 + (i & 1) + (i >= 4 ? 8 : 0);
      a[row][column] = element(request.a[i / 2], i % 2);
    }
    for (int i = 0; i < 4; ++i) {
      b[in_group * 2 + (i & 1) + (i >= 2 ? 8 : 0)][group] =
          element(request.b[static_cast<std::size_t>(i / 2)], i % 2);
    }
  }
  each_sum([](float& sum, float& of_lane) { sum = of_lane; });
  for (int row = 0; row < 16; ++row) {
    for (int k = 0; k < 16; ++k) {
      for (int column = 0; column < 8; ++column) sums[row][column] += a[row][k] * b[k][column];
    }
  }
  each_sum([](float& sum, float& of_lane) { of_lane = sum; });
}

/// shfl.sync.bfly.
inline void across(const Lanes& lanes) {
  std::array<float, 32> before;
  for (std::size_t lane = 0; lane < 32; ++lane) before[lane] = *lanes[lane]->sums;
  for (std::size_t lane = 0; lane < 32; ++lane) {
    *lanes[lane]->sums = before[lane ^ static_cast<std::size_t>(lanes[lane]->mask)];
  }
}

/// vote.sync.any, where what does not hold is 0.
inline void any(const Lanes& lanes) {
  bool holds = false;
  for (const Request* request : lanes) holds = holds || *request->sums != 0;
  for (const Request* request : lanes) *request->sums = holds ? 1 : 0;
}

}  // namespace hadal::dao::kernels::cuda::emulation
