#include "hadal/core/error.h"
#include "hadal/draf/plan/report.h"
#include "hadal/draf/plan/table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace hadal::draf::plan {
namespace {

using Part = std::pair<std::string_view, double>;

/// The parts of a step, the longest first.
std::array<Part, 8> parts_of(const PassTime& time) {
  std::array<Part, 8> parts = {
      Part{"products with weights", time.matmul}, {"attention", time.attention},
      {"small operators", time.elementwise},      {"the engine's own work", time.engine},
      {"all-reduces", time.collective},           {"the head and sampling", time.head},
      {"sends between stages", time.send},        {"waiting for other stages", time.bubble}};
  std::ranges::sort(parts, std::greater<>(), &Part::second);
  return parts;
}

std::string percent(double part) { return fixed(100 * part, 0) + " %"; }

std::string about_weights(const Plan& plan) {
  const double bytes = plan.shape.parameters() * plan.shape.weight_bytes;
  const double usable = plan.cluster.device.memory * (1 - plan.options.reserve);
  const double devices = std::ceil(bytes / usable);
  return concat(fixed(plan.shape.parameters() / 1e9, plan.shape.parameters() < 1e10 ? 2 : 1),
                " billion parameters take ", bytes_text(bytes), ": at least ", devices,
                devices == 1 ? " device" : " devices", " of which each may fill ",
                bytes_text(usable));
}

std::string about_step(const Candidate& best) {
  const auto parts = parts_of(best.step);
  const double total = best.step.total();
  std::string text = concat("a step of the first layout takes ", seconds_text(total), ": ");
  constexpr std::size_t kShown = 3;
  for (std::size_t i = 0; i < kShown && parts[i].second > 0; ++i) {
    text += concat(i == 0 ? "" : ", ", parts[i].first, " ", percent(parts[i].second / total));
  }
  return text;
}

std::string about_memory(const Plan& plan) {
  const Candidate& best = plan.ranked.front();
  const double usable = plan.cluster.device.memory * (1 - plan.options.reserve);
  Layout twice = best.layout;
  twice.batch *= 2;
  const std::int64_t fits =
      most_sequences(plan.shape, plan.cluster, best.layout, plan.request.longest,
                     static_cast<double>(plan.options.step_tokens), plan.options.reserve);
  const std::string why = fits < twice.batch ? concat("twice as many would not fit the ",
                                                      bytes_text(usable), " of a device")
                                             : concat("memory has room for ", fits, " sequences");
  return concat("a batch of ", best.layout.batch, ": ", why, "; weights take ",
                bytes_text(best.memory.weights + best.memory.embeddings), " and the cache ",
                bytes_text(best.memory.cache));
}

std::string about_tensor(const Plan& plan) {
  const Layout& layout = plan.ranked.front().layout;
  if (layout.tensor == 1) return "";
  const bool inside = layout.tensor <= plan.cluster.devices_per_node;
  if (inside) return concat("tensor parallel ", layout.tensor, " stays within a node");
  return concat("tensor parallel ", layout.tensor, " spans ",
                layout.tensor / plan.cluster.devices_per_node, " nodes");
}

/// What the second layout loses most by.
std::string about_second(const Plan& plan) {
  if (plan.ranked.size() < 2) return "";
  const Candidate& best = plan.ranked[0];
  const Candidate& second = plan.ranked[1];
  const double gain = best.tokens_a_second / second.tokens_a_second - 1;
  std::string text = concat("the second layout ", gain >= 0 ? "generates " : "could generate ",
                            percent(std::abs(gain)), gain >= 0 ? " fewer" : " more",
                            " tokens a second at its limit");
  // Of a token that a replica's devices generate.
  const auto share = [](const Candidate& c, double seconds) {
    return seconds * static_cast<double>(c.layout.tensor * c.layout.pipeline) / c.running;
  };
  const auto ours = parts_of(best.step);
  Part most = {"", 0};
  for (const auto& [name, theirs] : parts_of(second.step)) {
    const auto same = std::ranges::find(ours, name, &Part::first);
    const double loss = share(second, theirs) - share(best, same->second);
    if (loss > most.second) most = {name, loss};
  }
  if (most.second > 0)
    text += concat("; of a device's time a token, it spends more on ", most.first);
  return text;
}

std::string about_left_out(const LeftOut& out) {
  std::string text;
  const auto add = [&](std::int64_t count, std::string_view why) {
    if (count > 0) text += concat(text.empty() ? "left out: " : ", ", count, " ", why);
  };
  add(out.memory, "whose memory does not hold one sequence");
  add(out.overloaded, "that could not serve the rate");
  add(out.first_token, "whose first token comes too late");
  add(out.token, "whose tokens come too slowly");
  return text;
}

}  // namespace

std::vector<std::string> reasons(const Plan& plan) {
  std::vector<std::string> all = {about_weights(plan), about_tensor(plan),
                                  about_memory(plan),  about_step(plan.ranked.front()),
                                  about_second(plan),  about_left_out(plan.left_out)};
  std::erase(all, "");
  return all;
}

}  // namespace hadal::draf::plan
