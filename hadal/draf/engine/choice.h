#pragma once

#include "hadal/draf/engine/generation.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::draf {

/// The token that comes next in a request, or why there is none.
struct Choice {
  GeneratedToken token = {};
  std::string error = {};
};

/// What each of the slices' generations chooses by its row of logits, fp32 [slices, vocabulary],
/// dense, which change.
std::vector<Choice> choose(const std::vector<Slice>& slices, const at::Tensor& logits);

/// CBOR, for other ranks, in which numbers come back as they were.
std::vector<std::uint8_t> bytes_of(const std::vector<Choice>& choices);
/// Throws FormatError for bytes that bytes_of() did not give.
std::vector<Choice> choices_of(std::span<const std::uint8_t> bytes);

}  // namespace hadal::draf
