#include "hadal/data/generate/phonemes.h"

#include <vector>

namespace hadal::data {
namespace {

// Formants in Hz, milliseconds, voice, aspiration, frication, its Hz and bandwidth, damping.
constexpr Phoneme kIy{{280, 2250, 2900}, 130, 1};
constexpr Phoneme kIh{{400, 1950, 2550}, 85, 1};
constexpr Phoneme kEh{{550, 1800, 2500}, 95, 1};
constexpr Phoneme kAh{{650, 1200, 2400}, 120, 1};
constexpr Phoneme kOpenO{{570, 850, 2400}, 130, 1};
constexpr Phoneme kUw{{310, 950, 2250}, 150, 1};
constexpr Phoneme kFrontUw{{320, 1350, 2250}, 150, 1};
constexpr Phoneme kSchwa{{500, 1450, 2450}, 55, 0.8};
constexpr Phoneme kOw1{{500, 1000, 2350}, 90, 1};
constexpr Phoneme kOw2{{370, 850, 2300}, 110, 0.7};
constexpr Phoneme kEy1{{480, 1950, 2550}, 80, 1};
constexpr Phoneme kEy2{{320, 2200, 2750}, 80, 0.9};
constexpr Phoneme kAy1{{720, 1250, 2450}, 120, 1};
constexpr Phoneme kAy2{{380, 2050, 2600}, 80, 0.9};
constexpr Phoneme kR{{340, 1150, 1550}, 65, 0.8};
constexpr Phoneme kTap{{380, 1500, 2400}, 25, 0.4};
constexpr Phoneme kFinalR{{450, 1200, 1650}, 90, 0.7};
constexpr Phoneme kW{{290, 650, 2250}, 70, 0.7};
constexpr Phoneme kN{{250, 1450, 2500}, 85, 0.5, 0, 0, 3000, 1500, 3};
constexpr Phoneme kZ{{280, 1650, 2550}, 85, 0.3, 0, 0.5, 3700, 1000};
constexpr Phoneme kS{{300, 1650, 2550}, 110, 0, 0, 0.8, 3700, 900};
constexpr Phoneme kTh{{300, 1300, 2500}, 80, 0, 0, 0.12, 3000, 3000};
constexpr Phoneme kF{{300, 1000, 2200}, 90, 0, 0, 0.15, 2500, 3500};
constexpr Phoneme kV{{280, 1050, 2250}, 60, 0.35, 0, 0.06, 2500, 3000};
constexpr Phoneme kClosure{{300, 1750, 2600}, 60, 0};
constexpr Phoneme kTBurst{{350, 1750, 2650}, 15, 0, 0.1, 0.8, 3600, 1200};
constexpr Phoneme kTBreath{{350, 1500, 2500}, 35, 0, 0.4, 0.1, 3500, 1500};
constexpr Phoneme kKBurst{{350, 1950, 2500}, 20, 0, 0.2, 0.7, 2100, 600};

using Word = std::vector<Phoneme>;

const std::array<std::vector<Word>, 10>& words() {
  static const std::array<std::vector<Word>, 10> kWords = {{
      {{kZ, kIh, kR, kOw1, kOw2}, {kZ, kIy, kR, kOw1, kOw2}, {kS, kIy, kTap, kOw1}},
      {{kW, kAh, kN}, {kW, kOpenO, kN}},
      {{kTBurst, kTBreath, kUw}, {kTBurst, kTBreath, kFrontUw, kUw}, {kTBurst, kUw}},
      {{kTh, kR, kIy}, {kTh, kTap, kIy}, {kF, kR, kIy}},
      {{kF, kOpenO, kFinalR}, {kF, kOpenO, kSchwa}, {kF, kOw1, kFinalR}},
      {{kF, kAy1, kAy2, kV}, {kF, kAy1, kAy2, kF}},
      {{kS, kIh, kClosure, kKBurst, kS}, {kS, kIy, kClosure, kKBurst, kS}},
      {{kS, kEh, kV, kSchwa, kN}, {kS, kEh, kV, kN}, {kS, kEh, kV, kEh, kN}},
      {{kEy1, kEy2, kClosure, kTBurst, kTBreath}, {kEy1, kEy2, kClosure, kTBurst}, {kEy1, kEy2}},
      {{kN, kAy1, kAy2, kN}, {kN, kAh, kAy1, kAy2, kN}},
  }};
  return kWords;
}

}  // namespace

std::span<const Phoneme> phonemes_of(std::size_t digit, std::size_t accent) {
  const auto& pronunciations = words().at(digit);
  return pronunciations[accent % pronunciations.size()];
}

}  // namespace hadal::data
