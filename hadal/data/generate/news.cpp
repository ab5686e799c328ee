#include "hadal/data/generate/news.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <array>
#include <string_view>
#include <utility>

namespace hadal::data {
namespace {

constexpr auto kNames = std::to_array<std::string_view>(
    {"abbott",  "baines", "calder", "dawes",  "ellery", "fenton",  "garrick", "hobson",
     "ingram",  "jarvis", "kemble", "lomax",  "mercer", "norris",  "osgood",  "pryce",
     "quigley", "radley", "seaton", "thorne", "upshaw", "vickers", "wragge",  "yardley"});
constexpr auto kTowns = std::to_array<std::string_view>(
    {"aldermoor", "brackwater", "cinderford", "dunhollow", "eastmere", "fernwick", "graymouth",
     "harrowgate", "ironbridge", "juniper", "kestrel", "longmarsh", "millbrook", "netherby",
     "oakhaven", "pendle", "quarrydale", "ravensea"});
constexpr auto kFirms = std::to_array<std::string_view>(
    {"atlas", "borealis", "corvus", "delphi", "everest", "fulcrum", "granite", "helios", "icarus",
     "jupiter", "kepler", "lumen", "meridian", "nimbus", "orion", "pinnacle"});
constexpr auto kThings = std::to_array<std::string_view>(
    {"airport", "brewery", "cinema", "dam", "embassy", "factory", "gallery", "hospital",
     "laboratory", "library", "museum", "prison", "quarry", "railway", "stadium", "tunnel"});
constexpr auto kDeeds =
    std::to_array<std::pair<std::string_view, std::string_view>>({{"opened", "close"},
                                                                  {"bought", "sell"},
                                                                  {"closed", "reopen"},
                                                                  {"rebuilt", "demolish"},
                                                                  {"sold", "keep"},
                                                                  {"leased", "return"}});
constexpr auto kTimes = std::to_array<std::string_view>(
    {"on monday", "on tuesday", "on thursday", "last week", "this month", "over the weekend",
     "in the spring", "two days ago"});
constexpr auto kMoods = std::to_array<std::string_view>(
    {"pleased", "worried", "surprised", "angry", "relieved", "doubtful", "proud", "tired"});
constexpr auto kReasons = std::to_array<std::string_view>(
    {"after a long night of talks", "in spite of the rain", "to the sound of a brass band",
     "while cameras followed every step", "although nobody had asked", "before a small crowd",
     "as the evening news began", "without giving a reason"});
constexpr std::size_t kMatters = 5;

template <class Items>
const auto& pick(Random& random, const Items& items) {
  return items[random.below(items.size())];
}

/// Who did what, where.
struct Matter {
  std::string_view name, town, firm, thing, deed, undo, time;
  std::uint64_t millions;
};

/// Matters that have no name, town, firm or thing in common.
std::array<Matter, kMatters> draw_matters(Random& random) {
  auto names = kNames;
  auto towns = kTowns;
  auto firms = kFirms;
  auto things = kThings;
  random.shuffle(names);
  random.shuffle(towns);
  random.shuffle(firms);
  random.shuffle(things);
  std::array<Matter, kMatters> matters;
  for (std::size_t i = 0; i < kMatters; ++i) {
    const auto& [deed, undo] = pick(random, kDeeds);
    matters[i] = {names[i],
                  towns[i],
                  firms[i],
                  things[i],
                  deed,
                  undo,
                  pick(random, kTimes),
                  2 + random.below(97)};
  }
  return matters;
}

/// What a summary of the matter has to hold.
std::array<std::string, 3> key_sentences(const Matter& m, Random& random) {
  return {concat(m.name, " of ", m.firm, " ", m.deed, " a ", m.thing, " in ", m.town, " ", m.time,
                 " ", pick(random, kReasons), " ."),
          concat("the ", m.thing, " cost ", m.firm, " $ ", m.millions, " million and kept ", m.name,
                 " busy for years , it was said ", m.time, " ."),
          concat("people in ", m.town, " had asked ", m.firm, " to ", m.undo, " the ", m.thing,
                 " , but ", m.name, " refused ", pick(random, kReasons), " .")};
}

std::string reference_of(const Matter& m) {
  return concat(m.name, " and ", m.firm, " ", m.deed, " a ", m.thing, " in ", m.town, " .\n",
                m.firm, " paid $ ", m.millions, " million for the ", m.thing, " .\n", m.name,
                " refused to ", m.undo, " it though people in ", m.town, " had asked .");
}

/// Speaks of the matter without telling what it is.
std::string aside(const Matter& m, Random& random) {
  switch (random.below(8)) {
    case 0:
      return concat("`` we are ", pick(random, kMoods), " about the ", m.thing, " , '' said ",
                    m.name, " ", pick(random, kReasons), " .");
    case 1:
      return concat("in ", m.town, " many know ", m.name, " well and were ", pick(random, kMoods),
                    " ", pick(random, kTimes), " .");
    case 2:
      return concat("a speaker for ", m.firm, " looked ", pick(random, kMoods),
                    " when she was asked about ", m.town, " .");
    case 3:
      return concat("the road to the ", m.thing, " was shut ", pick(random, kTimes), " , and ",
                    m.name, " came on foot ", pick(random, kReasons), " .");
    case 4:
      return concat("papers that ", m.firm, " showed to the council of ", m.town, " ",
                    pick(random, kTimes), " say little about the ", m.thing, " .");
    case 5:
      return concat(m.name, " was born in ", m.town, " and seemed ", pick(random, kMoods), " ",
                    pick(random, kReasons), " .");
    case 6:
      return concat("scroll down for pictures of ", m.name, " at the ", m.thing, " ",
                    pick(random, kTimes), " .");
    default:
      return concat("shares of ", m.firm, " rose and fell ", pick(random, kTimes),
                    " , and traders were ", pick(random, kMoods), " about ", m.name, " .");
  }
}

std::string article_of(const std::array<Matter, kMatters>& matters, Random& random) {
  std::vector<std::string> sentences;
  for (const Matter& matter : matters) {
    for (std::string& sentence : key_sentences(matter, random)) {
      sentences.push_back(std::move(sentence));
    }
  }
  for (std::uint64_t asides = 14 + random.below(14); asides > 0; --asides) {
    sentences.push_back(aside(matters[0], random));
  }
  for (std::size_t i = 1; i < kMatters; ++i) sentences.push_back(aside(matters[i], random));
  // In every other article, the first key sentence keeps its place; the rest goes anywhere.
  std::string text;
  if (random.below(2) == 0) {
    text = std::move(sentences.front());
    sentences.erase(sentences.begin());
  }
  random.shuffle(sentences);
  for (const std::string& sentence : sentences) text += (text.empty() ? "" : " ") + sentence;
  return text;
}

}  // namespace

std::vector<NewsArticle> generate_news(std::size_t count, std::uint64_t seed) {
  std::vector<NewsArticle> articles;
  for (std::size_t i = 0; i < count; ++i) {
    Random random(seed, "news", i);
    const auto matters = draw_matters(random);
    articles.push_back({.id = static_cast<std::int64_t>(i),
                        .article = {article_of(matters, random)},
                        .reference = {reference_of(matters[0])},
                        .summaries = {}});
  }
  return articles;
}

}  // namespace hadal::data
