#pragma once

#include "hadal/core/error.h"

#include <string>

#include <c10/util/Exception.h>

namespace hadal::dao::ops {

/// Runs `action`, with Hadal's errors as those of Torch that become ValueError,
/// NotImplementedError and RuntimeError in Python. The hint joins the text.
template <class Action>
auto translating_errors(const Action& action) {
  const auto text = [](const Error& error) {
    return error.hint().empty() ? std::string(error.what())
                                : concat(error.what(), " (", error.hint(), ")");
  };
  try {
    return action();
  } catch (const InvalidArgument& error) {
    TORCH_CHECK_VALUE(false, text(error));
  } catch (const Unsupported& error) {
    TORCH_CHECK_NOT_IMPLEMENTED(false, text(error));
  } catch (const Error& error) {
    TORCH_CHECK(false, text(error));
  }
}

}  // namespace hadal::dao::ops
