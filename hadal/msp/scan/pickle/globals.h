#pragma once

#include <string_view>

namespace hadal::msp::pickle {

enum class Trust {
  allowed,    ///< checkpoints of PyTorch need it, and it does nothing else
  unknown,    ///< a class of somebody's, as far as one can tell
  dangerous,  ///< runs commands, loads code, or reaches files or the network
};

/// What to think of a pickle that imports `name` of `module`.
Trust trust_of(std::string_view module, std::string_view name);

}  // namespace hadal::msp::pickle
