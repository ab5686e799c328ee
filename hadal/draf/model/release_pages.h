#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace hadal::draf {

/// Gives back the memory of the whole pages in `ranges` that are of files mapped for reading alone;
/// what else is there is let be. They are read again when they are used.
void release_pages(const std::vector<std::span<const std::byte>>& ranges);

}  // namespace hadal::draf
