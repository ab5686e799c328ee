#include "hadal/bench/report/report.h"

#include <algorithm>
#include <cmath>

namespace hadal::bench {

std::string_view name_of(Domain domain) {
  switch (domain) {
    case Domain::nlp:
      return "nlp";
    case Domain::cv:
      return "cv";
    case Domain::speech:
      return "speech";
  }
  return "unknown";
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::better:
      return "better";
    case Verdict::same:
      return "same";
    case Verdict::worse:
      return "worse";
    case Verdict::inconclusive:
      return "inconclusive";
    case Verdict::failed:
      return "failed";
    case Verdict::skipped:
      return "skipped";
  }
  return "unknown";
}

bool is_judged(Verdict verdict) {
  return verdict != Verdict::failed && verdict != Verdict::skipped;
}

bool keeps_bound(const QualityResult& quality) {
  return quality.bound == QualityResult::Bound::at_least ? quality.candidate >= quality.target
                                                         : quality.candidate <= quality.target;
}

double noise_floor_of(const Estimate& noise) {
  return std::max(std::abs(noise.low - 1), std::abs(noise.high - 1));
}

}  // namespace hadal::bench
