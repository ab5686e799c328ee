#include "hadal/hpts/policy/scheduler_state.h"

#include "hadal/core/error.h"
#include "hadal/core/json/read.h"
#include "hadal/core/json/write.h"
#include "hadal/hpts/precision/fields.h"

#include <map>

namespace hadal::hpts {

template <class Choice>
constexpr auto fields_of(const Steady<Choice>*) {
  using Layer = Steady<Choice>;
  return std::tuple{Field{"now", &Layer::now}, Field{"wish", &Layer::wish},
                    Field{"seen", &Layer::seen}, Field{"retreats", &Layer::retreats}};
}
constexpr auto fields_of(const SteadyPlan*) {
  return std::tuple{Field{"compute", &SteadyPlan::compute}, Field{"saved", &SteadyPlan::saved}};
}
constexpr auto fields_of(const SchedulerState*) {
  return std::tuple{Field{"layers", &SchedulerState::layers},
                    Field{"history", &SchedulerState::history}};
}

namespace {

constexpr JsonSchema kSchema{.name = "hadal-precision-scheduler",
                             .version = 1,
                             .document = "the scheduler's state",
                             .hint = "use the build of Hadal that wrote the state"};
// history, its changes, a change, its plans.
constexpr std::size_t kMaxDepth = 6;

template <class Choice>
void check(const Steady<Choice>& steady, const std::string& path) {
  constexpr int kMostSeen = Steady<Choice>::kMostPatience << Steady<Choice>::kMostRetreats;
  if (steady.seen < 0 || steady.seen > kMostSeen) {
    throw InvalidArgument(
        concat(path, ".seen: expected 0 to ", kMostSeen, ", found ", steady.seen));
  }
  if (steady.retreats < 0 || steady.retreats > Steady<Choice>::kMostRetreats) {
    throw InvalidArgument(concat(path, ".retreats: expected 0 to ", Steady<Choice>::kMostRetreats,
                                 ", found ", steady.retreats));
  }
}

void check(const SchedulerState& state) {
  validate(state.history);
  const auto& names = state.history.layers;
  if (state.layers.size() != names.size()) {
    throw InvalidArgument(
        concat("layers: expected ", names.size(), " of them, found ", state.layers.size()));
  }
  std::map<std::string_view, LayerPlan> now;
  for (std::size_t i = 0; i < names.size(); ++i) now[names[i]] = state.history.start[i];
  for (const PlanChange& change : state.history.changes) now[change.layer] = change.to;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string path = concat("layers[", i, "]");
    check(state.layers[i].compute, path + ".compute");
    check(state.layers[i].saved, path + ".saved");
    if (state.layers[i].now() == now[names[i]]) continue;
    throw InvalidArgument(concat(path, ": `now` is not what the history ends with"));
  }
}

}  // namespace

std::string to_json(const SchedulerState& state) { return write_document(kSchema, state); }

SchedulerState scheduler_state_from_json(std::string_view text, const std::string& place) {
  SchedulerState state;
  read_document(text, place, kSchema, kMaxDepth, state);
  try {
    check(state);
  } catch (const InvalidArgument& error) {
    throw FormatError(concat(place, ": ", error.what()), error.hint());
  }
  return state;
}

}  // namespace hadal::hpts
