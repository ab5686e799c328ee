#pragma once

#include "hadal/data/generate/long_context.h"

namespace hadal::data {

/// A magic number in prose, among `distractors` numbers with other keys; at most 500.
LongContextTask make_needle_task(const LongContextOptions& options, std::size_t distractors);

/// A chain of five variables in prose, among others, one every 1,500 bytes and at most
/// 100.
LongContextTask make_variable_task(const LongContextOptions& options);

}  // namespace hadal::data
