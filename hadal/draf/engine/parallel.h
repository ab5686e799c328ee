#pragma once

#include "hadal/draf/engine/create.h"
#include "hadal/draf/parallel/rank_grid.h"

#include <memory>

namespace hadal::draf {

/// start_engine() at rank 0 of those that each have a part of the model: what it does, the other
/// ranks do in follow_engine(). The cache gets as many pages as fit at every rank. Throws
/// InvalidArgument where the ranks differ in `digest` (of the model and version) or in options.
/// Once a rank has failed, or has said nothing for the group's timeout, all requests end with an
/// error, and so does each that comes later.
std::unique_ptr<Engine> lead_engine(EngineParts parts, const EngineOptions& options,
                                    const RankGrid& ranks, const std::string& digest);

/// The part of the other ranks: returns when the leading engine has ended. Throws PeerError where
/// rank 0 fails, or says nothing for the group's timeout, Error where this rank's tokens are not
/// rank 0's, and InvalidArgument as lead_engine().
void follow_engine(EngineParts parts, const EngineOptions& options, const RankGrid& ranks,
                   const std::string& digest);

}  // namespace hadal::draf
