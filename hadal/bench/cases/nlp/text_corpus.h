#pragma once

#include "hadal/bench/runner/case.h"

#include <cstddef>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

struct TextCorpus {
  std::string description;
  bool generated = true;
  at::Tensor train;  ///< int64 [n], bytes
  at::Tensor test;   ///< int64 [test_bytes], bytes
};

/// Training and test text: of WikiText-2 the validation split and the start of the test split (the
/// set of HADAL_DATA has no other), which share no article; stories of our own where it is absent.
TextCorpus text_corpus(const Context& context, std::size_t test_bytes);

}  // namespace hadal::bench
