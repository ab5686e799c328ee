#pragma once

#include "hadal/core/random.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// A stream of random numbers for each sample, named by its place in the whole input, so that what
/// is drawn for one depends neither on the batch that it is in nor on the other samples.
class Streams {
 public:
  /// `places` int64 [n]; `purpose` and `run` separate streams of one seed.
  Streams(std::uint64_t seed, std::string_view purpose, int run, const at::Tensor& places);

  std::size_t size() const { return streams_.size(); }
  Random& operator[](std::size_t row) { return streams_[row]; }
  /// Leaves those of the rows `index`, int64 [m].
  void keep(const at::Tensor& index);

  /// A row of `shape`[1...] for each stream, in the type of `like`: uniform in [-1, 1), or normal.
  at::Tensor uniform(const at::Tensor& like);
  at::Tensor normal(const at::Tensor& like);
  /// Exponential of mean 1, with either sign.
  at::Tensor laplace(const at::Tensor& like);
  /// [n, 1, ...], uniform in [0, 1).
  at::Tensor fractions(const at::Tensor& like);

 private:
  template <class Draw>
  at::Tensor drawn(const at::Tensor& like, const Draw& draw);

  std::vector<Random> streams_;
};

}  // namespace hadal::msp
