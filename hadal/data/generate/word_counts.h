#pragma once

#include "hadal/data/generate/long_context.h"

namespace hadal::data {

/// A list of made-up words, of which five each make up a twentieth and all others occur twice.
LongContextTask make_common_words_task(const LongContextOptions& options);

/// A list of made-up words of which the r-th most frequent occurs in proportion to r^-1.5.
LongContextTask make_frequent_words_task(const LongContextOptions& options);

}  // namespace hadal::data
