#include "hadal/data/generate/long_context.h"

#include "hadal/core/error.h"
#include "hadal/data/generate/haystack.h"
#include "hadal/data/generate/word_counts.h"

#include <algorithm>

namespace hadal::data {
namespace {

void check(const LongContextOptions& options) {
  constexpr std::size_t kLeast = 1024, kMost = std::size_t{1} << 22;
  if (options.bytes < kLeast || options.bytes > kMost) {
    throw InvalidArgument(concat("generate_long_context: expected ", kLeast, " to ", kMost,
                                 " bytes, got ", options.bytes));
  }
  if (!(options.depth >= 0 && options.depth <= 1)) {
    throw InvalidArgument(
        concat("generate_long_context: expected a depth from 0 to 1, got ", options.depth));
  }
}

}  // namespace

std::string_view name_of(LongContextKind kind) {
  switch (kind) {
    case LongContextKind::needle:
      return "needle";
    case LongContextKind::multi_key_needle:
      return "multi_key_needle";
    case LongContextKind::variable_tracking:
      return "variable_tracking";
    case LongContextKind::common_words:
      return "common_words";
    case LongContextKind::frequent_words:
      return "frequent_words";
  }
  throw InvalidArgument(concat("LongContextKind: no kind ", static_cast<int>(kind)));
}

LongContextTask generate_long_context(const LongContextOptions& options) {
  check(options);
  switch (options.kind) {
    case LongContextKind::needle:
      return make_needle_task(options, 0);
    case LongContextKind::multi_key_needle:
      return make_needle_task(options, std::min<std::size_t>(500, options.bytes / 400));
    case LongContextKind::variable_tracking:
      return make_variable_task(options);
    case LongContextKind::common_words:
      return make_common_words_task(options);
    case LongContextKind::frequent_words:
      return make_frequent_words_task(options);
  }
  throw InvalidArgument(concat("generate_long_context: no kind ", static_cast<int>(options.kind)));
}

}  // namespace hadal::data
