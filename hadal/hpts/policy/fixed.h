#pragma once

#include "hadal/hpts/policy/policy.h"

#include <memory>

namespace hadal::hpts {

/// Every layer does what `plan` says, whatever is measured.
std::unique_ptr<PrecisionPolicy> fixed_policy(PrecisionPlan plan);

}  // namespace hadal::hpts
