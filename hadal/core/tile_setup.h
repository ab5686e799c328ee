#pragma once

// The tile registers of AMX. For AMX only.
#include <immintrin.h>
#include <stdint.h>

namespace hadal::tiles::HADAL_ISA_NAMESPACE {

constexpr int64_t kTileSide = 16;  ///< rows of a tile, and units of 4 bytes in each

/// Lays the thread's tile registers out while it lives: 0 to 3 for sums, 4 and 5 for left factors
/// and 6 and 7 for right ones, each with kTileSide rows of 64 bytes. Others who use them, as oneDNN
/// does, lay them out anew.
class TileSetup {
 public:
  /// `depth` is what is summed over, in bytes, a multiple of 4 up to 64: left factors have less in
  /// a row, and right ones fewer rows, where it is less.
  explicit TileSetup(int depth = 64) {
    alignas(64) uint8_t layout[64] = {1};  // the palette; from byte 16 the widths, from 48 the rows
    for (int tile = 0; tile < 8; ++tile) {
      const bool left = tile == 4 || tile == 5;
      layout[16 + 2 * tile] = static_cast<uint8_t>(left ? depth : 64);
      layout[48 + tile] = static_cast<uint8_t>(tile >= 6 ? depth / 4 : kTileSide);
    }
    __asm__ volatile("" : : "r"(layout) : "memory");
    _tile_loadconfig(layout);
  }
  ~TileSetup() { _tile_release(); }
  TileSetup(const TileSetup&) = delete;
  TileSetup& operator=(const TileSetup&) = delete;
};

}  // namespace hadal::tiles::HADAL_ISA_NAMESPACE
