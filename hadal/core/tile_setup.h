#pragma once

// The tile registers of AMX. For AMX only.
#include <immintrin.h>
#include <stdint.h>

namespace hadal::tiles::HADAL_ISA_NAMESPACE {

constexpr int64_t kTileSide = 16;  ///< rows of a tile, and units of 4 bytes in each

/// Lays the thread's tile registers out, each with kTileSide rows of 64 bytes, while it lives.
/// Others who use them, as oneDNN does, lay them out anew.
class TileSetup {
 public:
  TileSetup() {
    alignas(64) uint8_t layout[64] = {1};  // the palette; from byte 16 the widths, from 48 the rows
    for (int tile = 0; tile < 8; ++tile) {
      layout[16 + 2 * tile] = 64;
      layout[48 + tile] = kTileSide;
    }
    __asm__ volatile("" : : "r"(layout) : "memory");
    _tile_loadconfig(layout);
  }
  ~TileSetup() { _tile_release(); }
  TileSetup(const TileSetup&) = delete;
  TileSetup& operator=(const TileSetup&) = delete;
};

}  // namespace hadal::tiles::HADAL_ISA_NAMESPACE
