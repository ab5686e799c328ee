#pragma once

#include "hadal/draf/scheduler/scheduler.h"

#include <cstdint>
#include <vector>

namespace hadal::draf {

/// Cuts a step into at most `most` parts of about as many tokens, which stages of a pipeline
/// compute one after another. A part of fewer than 64 tokens does not pay: a stage reads all of its
/// weights for each, which takes it as long as computing some tens of tokens, so that a step that
/// only generates stays whole up to twice as many requests. A prompt is cut where a page ends, and
/// its parts come in order: each is to be computed and noted in its work before the next.
std::vector<std::vector<Slice>> micro_batches(const std::vector<Slice>& step, std::int64_t most);

}  // namespace hadal::draf
