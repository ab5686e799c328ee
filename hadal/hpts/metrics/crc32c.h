#pragma once

#include <cstdint>
#include <string_view>

namespace hadal::hpts {

/// CRC-32C (Castagnoli), as RFC 3720 defines it in appendix B.4.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace hadal::hpts
