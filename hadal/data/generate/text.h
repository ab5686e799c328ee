#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace hadal::data {

/// `bytes` bytes of English-like ASCII text: paragraphs of short stories from a small grammar. Each
/// story has its own cast, places and objects, which recur and keep their properties (where a
/// thing was hidden, who is whose sister) until its end, so that a model gains from a long context.
/// Deterministic for a seed; a longer text starts with the shorter one.
std::string generate_text(std::size_t bytes, std::uint64_t seed);

}  // namespace hadal::data
