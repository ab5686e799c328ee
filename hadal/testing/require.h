#pragma once

#include <cstdlib>

namespace hadal::testing {

/// Ends the program, as a fuzzer expects of a broken promise.
inline void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace hadal::testing
