#pragma once

#include "hadal/msp/attack/attack.h"

#include <cstdint>
#include <string>

namespace hadal::msp {

struct SquareOptions {
  Threat threat = {};
  int queries = 5000;  ///< of each input at most
  int restarts = 1;
  double share = 0.8;  ///< of the image that the first squares cover
  /// Squares shrink with the share of queries made; else with their number, as for 10,000.
  bool rescale_schedule = false;
};

/// The Square attack (Andriushchenko et al., 2020): random search without gradients. Squares of the
/// image are moved to the edge of the ball, and moves that raise the margin are kept. For linf and
/// l2, and images [n, channels, height, width]. The place of a square is drawn for each image by
/// itself. An image is done as soon as it reaches the goal.
class Square : public Attack {
 public:
  /// Throws InvalidArgument for an option out of range.
  explicit Square(const SquareOptions& options = {});
  std::string name() const override { return "square"; }
  const Threat& threat() const override { return options_.threat; }
  at::Tensor find(const Problem& problem) const override;

 private:
  at::Tensor search(const Problem& problem, int run) const;

  SquareOptions options_;
};

/// The share of the image that the square of query `query`, from 0, covers: `first`, which halves
/// after 10, 50, 200, 500, 1,000, 2,000, 4,000, 6,000 and 8,000.
double square_share(double first, std::int64_t query);

}  // namespace hadal::msp
