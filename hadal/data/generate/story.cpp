#include "hadal/data/generate/story.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <array>
#include <string_view>

namespace hadal::data {
namespace {

struct Name {
  std::string_view text;
  bool she;
};

constexpr auto kNames = std::to_array<Name>(
    {{"Ada", true},    {"Bruno", false},  {"Clara", true},   {"Dmitri", false}, {"Elena", true},
     {"Felix", false}, {"Greta", true},   {"Hugo", false},   {"Ines", true},    {"Jonas", false},
     {"Katya", true},  {"Leon", false},   {"Mara", true},    {"Nico", false},   {"Olga", true},
     {"Pavel", false}, {"Quinn", true},   {"Rafael", false}, {"Sofia", true},   {"Tomas", false},
     {"Ursula", true}, {"Victor", false}, {"Wanda", true},   {"Yusuf", false}});
constexpr auto kTowns = std::to_array<std::string_view>(
    {"Aldermoor", "Brackwater", "Cinderford", "Dunhollow", "Eastmere", "Fernwick", "Graymouth",
     "Harrowgate", "Ironbridge", "Juniper Hill", "Kestrel Bay", "Longmarsh"});
constexpr auto kTrades = std::to_array<std::string_view>(
    {"baker", "carpenter", "clockmaker", "doctor", "farmer", "fisher", "gardener", "mason",
     "miller", "sailor", "teacher", "weaver"});
constexpr auto kThings = std::to_array<std::string_view>(
    {"brass key", "silver coin", "old map", "red lantern", "glass bead", "leather book",
     "copper bell", "wooden flute", "blue letter", "iron ring", "stone knife", "gold watch"});
constexpr auto kHidingPlaces = std::to_array<std::string_view>(
    {"under the bridge", "behind the mill", "in the church tower", "inside a hollow oak",
     "below the kitchen floor", "in the boat house", "beside the well", "on top of the wall",
     "at the bottom of the garden", "between two loose bricks"});
constexpr auto kWeathers = std::to_array<std::string_view>(
    {"cold", "windy", "bright", "rainy", "foggy", "quiet", "warm", "stormy"});
constexpr auto kTimes = std::to_array<std::string_view>(
    {"In the morning", "At noon", "Late in the evening", "The next day", "A week later",
     "On market day", "Before sunrise", "After supper"});
constexpr auto kMoods = std::to_array<std::string_view>(
    {"happy", "tired", "worried", "curious", "proud", "angry", "hopeful", "silent"});

template <class Items>
const auto& pick(Random& random, const Items& items) {
  return items[random.below(items.size())];
}

/// All that a story has to keep to.
struct World {
  Name hero, guest, rival;
  std::string_view town, trade, guest_trade, thing, hiding_place, weather;
};

World draw_world(Random& random) {
  auto names = kNames;
  random.shuffle(names);
  return {names[0],
          names[1],
          names[2],
          pick(random, kTowns),
          pick(random, kTrades),
          pick(random, kTrades),
          pick(random, kThings),
          pick(random, kHidingPlaces),
          pick(random, kWeathers)};
}

std::string_view subject(const Name& name) { return name.she ? "she" : "he"; }
std::string_view possessive(const Name& name) { return name.she ? "her" : "his"; }

std::string opening(const World& w) {
  return concat("The ", w.thing, " of ", w.town, "\n\n", w.hero.text, " the ", w.trade,
                " lived in ", w.town, ", where the days were ", w.weather, ". ", w.guest.text, ", ",
                possessive(w.hero), w.guest.she ? " sister" : " brother", ", was a ", w.guest_trade,
                " there. Long ago ", w.hero.text, " had hidden a ", w.thing, " ", w.hiding_place,
                ", and only ", w.guest.text, " knew of it.\n");
}

/// One of the things that happen, each of which repeats what the story has said.
std::string event(const World& w, Random& random) {
  const bool swap = random.below(3) == 0;
  const Name& actor = swap ? w.guest : w.hero;
  const Name& other = swap ? w.hero : w.guest;
  switch (random.below(10)) {
    case 0:
      return concat(pick(random, kTimes), " ", actor.text, " walked through ", w.town,
                    " and thought of the ", w.thing, ".");
    case 1:
      return concat(w.rival.text, " asked ", actor.text, " where the ", w.thing, " was, but ",
                    subject(actor), " did not answer.");
    case 2:
      return concat("It was a ", w.weather, " day in ", w.town, ", and ", actor.text, " was ",
                    pick(random, kMoods), ".");
    case 3:
      return concat("\"The ", w.thing, " is still ", w.hiding_place, ",\" said ", w.guest.text,
                    " to ", w.hero.text, ".");
    case 4:
      return concat(w.rival.text, " looked ", pick(random, kHidingPlaces), ", but found nothing.");
    case 5:
      return concat(pick(random, kTimes), " ", w.hero.text, " the ", w.trade, " met ", w.guest.text,
                    " the ", w.guest_trade, ".");
    case 6:
      return concat(actor.text, " told ", other.text, " that ", w.rival.text, " had come to ",
                    w.town, ".");
    case 7:
      return concat("Nobody but ", w.hero.text, " and ", w.guest.text, " went to look ",
                    w.hiding_place, ".");
    case 8:
      return concat(actor.text, " was ", pick(random, kMoods), ", because ", subject(actor),
                    " trusted ", other.text, " more than ", w.rival.text, ".");
    default:
      return concat("\"Good ", random.below(2) == 0 ? "morning" : "evening", ", ", other.text,
                    ",\" said ", actor.text, ", and ", subject(actor), " went back to ",
                    possessive(actor), " work.");
  }
}

std::string closing(const World& w) {
  return concat("At last ", w.hero.text, " went to look ", w.hiding_place, ". The ", w.thing,
                " was there, and ", subject(w.hero), " gave it to ", w.guest.text, ". ",
                w.rival.text, " left ", w.town, " and never came back.\n\n\n");
}

}  // namespace

std::string tell_story(std::uint64_t seed, std::uint64_t index) {
  Random random(seed, "story", index);
  const World world = draw_world(random);
  std::string story = opening(world);
  for (std::uint64_t paragraph = 2 + random.below(5); paragraph > 0; --paragraph) {
    story += "\n";
    const std::uint64_t sentences = 3 + random.below(5);
    for (std::uint64_t i = 0; i < sentences; ++i)
      story += concat(i == 0 ? "" : " ", event(world, random));
    story += "\n";
  }
  return story + "\n" + closing(world);
}

}  // namespace hadal::data
