#pragma once

#include "hadal/core/random.h"
#include "hadal/draf/testing/collected.h"
#include "hadal/draf/testing/tiny_model.h"

#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace hadal::draf::testing {

inline std::vector<std::int64_t> prompt_of(std::int64_t tokens, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < tokens; ++i) ids.push_back(random.between(0, 63));
  return ids;
}

inline Request greedy(std::vector<std::int64_t> prompt, std::int64_t max_tokens) {
  return {.prompt = std::move(prompt), .max_tokens = max_tokens, .sampling = {.temperature = 0}};
}

/// Pages of 64 tokens of the tiny model: 2 layers, 2 heads, keys and values of 32 padded floats.
inline EngineOptions with_pages(std::int64_t pages) {
  return {.cache_bytes = pages * 2 * 2 * 2 * 64 * 32 * 4};
}

inline void wait_until_idle(const Engine& engine) {
  for (;;) {
    const EngineFigures figures = engine.figures();
    if (figures.running == 0 && figures.waiting == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace hadal::draf::testing
