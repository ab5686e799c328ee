#pragma once

#include "hadal/msp/scan/finding.h"

#include <cstddef>
#include <span>

namespace hadal::msp {

/// Looks into a safetensors file: the header's soundness, names that are paths, a zip archive
/// behind it, and programs and pickles within its tensors.
void scan_safetensors(std::span<const std::byte> bytes, const Place& place, Findings& findings);

}  // namespace hadal::msp
