#include "hadal/bench/cases/nlp/text_corpus.h"

#include "hadal/core/error.h"
#include "hadal/data/generate/text.h"
#include "hadal/data/readers/text.h"

#include <string_view>

#include <ATen/ops/from_blob.h>

namespace hadal::bench {
namespace {

at::Tensor bytes_of(std::string_view text) {
  // from_blob wants a pointer to data that may change; the conversion copies.
  return at::from_blob(const_cast<char*>(text.data()), {static_cast<std::int64_t>(text.size())},
                       at::kByte)
      .to(at::kLong);
}

}  // namespace

TextCorpus text_corpus(const Context& context, std::size_t test_bytes) {
  const auto train_file = context.find("nlp/wikitext2/valid.txt");
  const auto test_file = context.find("nlp/wikitext2/test.txt");
  if (train_file && test_file) {
    const std::string test = data::read_text(*test_file).substr(0, test_bytes);
    return {
        .description = concat("WikiText-2: trained on the validation split, tested on the first ",
                              test_bytes, " bytes of the test split"),
        .generated = false,
        .train = bytes_of(data::read_text(*train_file)),
        .test = bytes_of(test)};
  }
  constexpr std::size_t kTrainBytes = 1'200'000;
  return {
      .description = concat("generated stories, seeds ", context.seed, " and ", context.seed + 1,
                            " (", kTrainBytes, " and ", test_bytes, " bytes)"),
      .train = bytes_of(data::generate_text(kTrainBytes, context.seed)),
      .test = bytes_of(data::generate_text(test_bytes, context.seed + 1))};
}

}  // namespace hadal::bench
