#include "hadal/draf/plan/candidate.h"

#include <algorithm>
#include <cmath>

namespace hadal::draf::plan {
namespace {

/// The steady state of one replica.
class SteadyState {
 public:
  SteadyState(const PassCost& cost, const MeanRequest& request, double step_tokens)
      : cost_(cost), request_(request), step_tokens_(step_tokens) {}

  /// A step in which `running` sequences generate.
  PassTime step(double running) const {
    const Step prompts = Step::prefill(1, request_.prompt) * (running / request_.output);
    return cost_.steady(Step::decode(running, request_.prompt + request_.output / 2) + prompts);
  }

  /// The most sequences that generate at a time: where prompts fill the steps, fewer than fit.
  double most_running(double batch) const {
    return std::min(batch, step_tokens_ / (1 + request_.prompt / request_.output));
  }

  double requests_a_second(double running) const {
    return running / request_.output / step(running).total();
  }

  /// As many as generate, on average, when `rate` requests arrive a second; at most `most`.
  double running_at(double rate, double most) const {
    if (rate <= 0 || requests_a_second(most) <= rate) return most;
    constexpr int kHalvings = 40;
    double low = 0;
    double high = most;
    for (int i = 0; i < kHalvings; ++i) {
      const double middle = (low + high) / 2;
      (requests_a_second(middle) < rate ? low : high) = middle;
    }
    return high;
  }

  /// Of a prompt whose parts share steps with `running` sequences that generate.
  double first_token(double running) const {
    const double part = std::min(request_.prompt, std::max(1.0, step_tokens_ - running));
    const double steps = std::ceil(request_.prompt / part);
    const Step others = Step::decode(running, request_.prompt + request_.output / 2);
    const Step own = Step::prefill(1, request_.prompt / steps, request_.prompt / 2);
    return steps * cost_.steady(others + own).total();
  }

 private:
  const PassCost& cost_;
  const MeanRequest& request_;
  double step_tokens_;
};

}  // namespace

Candidate evaluate(const Shape& shape, const Cluster& cluster, const Layout& layout,
                   const MeanRequest& request, std::int64_t step_tokens) {
  const PassCost cost(shape, cluster, layout);
  const SteadyState state(cost, request, static_cast<double>(step_tokens));
  const auto replicas = static_cast<double>(layout.replicas);
  const double most = state.most_running(static_cast<double>(layout.batch));
  const double running = state.running_at(request.rate / replicas, most);
  const double served = replicas * state.requests_a_second(most);
  Candidate candidate{.layout = layout,
                      .memory = device_memory(shape, layout, request.prompt + request.output,
                                              static_cast<double>(step_tokens)),
                      .running = running,
                      .step = state.step(running),
                      .tokens_a_second = served * request.output,
                      .requests_a_second = served,
                      .first_token_seconds = state.first_token(running),
                      .load = request.rate / served};
  candidate.token_seconds = candidate.step.total();
  candidate.request_seconds =
      candidate.first_token_seconds + (request.output - 1) * candidate.token_seconds;
  return candidate;
}

}  // namespace hadal::draf::plan
