#pragma once

#include "hadal/dao/gate/dynamic_gate.h"

namespace hadal::dao {

inline constexpr std::int64_t kMostHeads = 65'536;
/// What a block of keys is pooled to, in numbers of its head_dim: mean, largest and smallest.
inline constexpr std::int64_t kKeyParts = 3;
/// What a gate makes of them: a centre and a radius.
inline constexpr std::int64_t kBoundParts = 2;

/// Throws InvalidArgument, naming the option, unless a gate can have these sizes.
void check(const GateOptions& options);

}  // namespace hadal::dao
