#include "hadal/bench/cases/cv/hardening.h"
#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/statistics.h"
#include "hadal/msp/search/search.h"

#include <cmath>
#include <memory>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>

namespace hadal::bench::search_robust {
namespace {

constexpr std::int64_t kSeeds = 5;
constexpr double kStudent = 2.776;  // of kSeeds - 1 degrees of freedom, 95 %, both sides
constexpr std::int64_t kFinalSteps = 600;

msp::SearchOptions options_of(const Context& context) {
  msp::SearchOptions options;
  options.steps.seed = context.seed;
  options.steps.check_interrupt = context.check_interrupt;
  return options;
}

struct Found {
  msp::SearchResult gradient, random;
};

Found search(const HardeningData& data, const Context& context) {
  const msp::SearchOptions options = options_of(context);
  Found found;
  found.gradient = msp::search_by_gradient(data.images, options);
  found.random = msp::search_at_random(data.images, options, found.gradient.multiplications);
  return found;
}

std::vector<double> judged(const HardeningData& data, const msp::Architecture& architecture,
                           const Context& context) {
  std::vector<double> robust;
  for (std::int64_t i = 0; i < kSeeds; ++i) {
    robust.push_back(msp::judge_architecture(data.images, architecture, kFinalSteps,
                                             options_of(context),
                                             context.seed + static_cast<std::uint64_t>(i)));
  }
  return robust;
}

double multiplications(const msp::SearchResult& result) {
  return msp::multiplications(result.architecture, msp::SlotNetworkImpl::kChannels, 14);
}

Quality quality_of(const HardeningData& data, const Found& found, const Context& context) {
  const std::vector<double> random = judged(data, found.random.architecture, context);
  const std::vector<double> gradient = judged(data, found.gradient.architecture, context);
  std::vector<double> differences;
  for (std::size_t i = 0; i < random.size(); ++i) differences.push_back(gradient[i] - random[i]);
  const double difference = mean(differences);
  double squares = 0;
  for (const double one : differences) squares += (one - difference) * (one - difference);
  const double margin = kStudent * std::sqrt(squares / (kSeeds - 1.0) / kSeeds);
  return {.baseline = mean(random),
          .candidate = mean(gradient),
          .metrics = {
              {"gain over random search", 100 * difference, "points"},
              {"gain over random search, low", 100 * (difference - margin), "points"},
              {"gain over random search, high", 100 * (difference + margin), "points"},
              {"architectures tried at random", static_cast<double>(found.random.candidates), ""},
              {"multiplications of an image, by gradient", multiplications(found.gradient) / 1e6,
               "million"},
              {"multiplications of an image, at random", multiplications(found.random) / 1e6,
               "million"}}};
}

/// Classifies a batch with an untrained network of the architecture; weights change no time.
std::function<void()> classify(const msp::Architecture& architecture, const at::Tensor& images) {
  msp::SlotNetwork network(10, 28, architecture);
  return [network, images]() mutable {
    const at::NoGradGuard no_grad;
    network->forward(images);
  };
}

Workload prepare(const Context& context) {
  if (context.scale == Scale::quick) {
    throw Unsupported("two searches and ten trainings are no quick run; --full does them");
  }
  const auto real = real_images(context, "fashion-mnist", 0.1);
  const auto data =
      std::make_shared<HardeningData>(real ? *real : generated_digits(context, 30'000));
  const auto found = std::make_shared<Found>(search(*data, context));
  const at::Tensor images = msp::batch_of(data->images.test, at::arange(1'000)).images;
  return {
      .data = data_source(concat(data->images.description, "; linf ", data->epsilon,
                                 "; by gradient ", msp::text_of(found->gradient.architecture),
                                 ", at random ", msp::text_of(found->random.architecture)),
                          data->generated, {data->images.train.images, data->images.test.images}),
      .quality = [=] { return quality_of(*data, *found, context); },
      .baseline = classify(found->random.architecture, images),
      .candidate = classify(found->gradient.architecture, images)};
}

Case make_case() {
  return {
      .id = "cv/search-robust",
      .domain = Domain::cv,
      .module = "msp",
      .summary =
          "Robust accuracy under PGD-20 within 0.1 of the architectures that two searches of "
          "equal cost find, each trained alike from five seeds, and their time to classify "
          "1,000 images; with --full only",
      .baseline = "random search",
      .candidate = "msp::search_by_gradient (DARTS with robustness in its objective)",
      .gate = {.metric = "robust accuracy", .bound = QualityResult::Bound::at_least, .target = 0.5},
      .real_data = "cv/fashion-mnist",
      .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::search_robust
