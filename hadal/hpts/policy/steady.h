#pragma once

#include "hadal/hpts/precision/plan.h"

namespace hadal::hpts {

/// Keeps a choice until another one was wished for often enough in a row. Of two choices the one
/// that comes later in the enumeration is the bolder: after each retreat to a less bold one, the
/// next step to a bolder one waits twice as long, so that the number of changes grows as the
/// logarithm of that of observations at most, whatever is measured. A patience of 1 never waits.
template <class Choice>
struct Steady {
  Choice now{};
  Choice wish{};     ///< the one that is waiting; `now` where none is
  int seen = 0;      ///< how often it came in a row
  int retreats = 0;  ///< to a less bold choice, at most kMostRetreats

  static constexpr int kMostRetreats = 20;
  static constexpr int kMostPatience = 1'000;

  void start(Choice choice) { *this = {.now = choice, .wish = choice}; }

  /// Takes one wish and tells whether the choice changed. `patience`, from 1 to
  /// kMostPatience, is how often a wish has to come.
  bool take(Choice wished, int patience) {
    if (wished == now) {
      wish = now;
      seen = 0;
      return false;
    }
    seen = wished == wish ? seen + 1 : 1;
    wish = wished;
    const int doublings = wished > now ? retreats : 0;
    if (seen <= (patience - 1) << doublings) return false;
    if (wished < now && retreats < kMostRetreats) ++retreats;
    now = wish;
    seen = 0;
    return true;
  }
  bool operator==(const Steady&) const = default;
};

/// The two choices of a layer, which settle one apart from the other.
struct SteadyPlan {
  Steady<Precision> compute;
  Steady<SavedFormat> saved;

  LayerPlan now() const { return {.compute = compute.now, .saved = saved.now}; }
  bool operator==(const SteadyPlan&) const = default;
};

}  // namespace hadal::hpts
