#pragma once

#include "hadal/draf/engine/engine.h"

#include <cstdint>
#include <vector>

namespace hadal::bench {

std::vector<std::int64_t> random_prompt(std::int64_t vocabulary, std::int64_t tokens,
                                        std::uint64_t seed);

/// The most probable `tokens` tokens, whether or not the text ends before.
draf::Request greedy_request(std::vector<std::int64_t> prompt, std::int64_t tokens);

/// Hands in all requests and gives the tokens of each. Throws Error where one fails.
std::vector<std::vector<std::int64_t>> generate(draf::Engine& engine,
                                                std::vector<draf::Request> requests);

}  // namespace hadal::bench
