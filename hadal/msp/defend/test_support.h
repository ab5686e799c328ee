#pragma once

#include "hadal/core/process_group/process_group.h"
#include "hadal/core/random.h"
#include "hadal/data/sets/sets.h"
#include "hadal/hpts/train/config.h"

#include <memory>

#include <ATen/ops/arange.h>
#include <ATen/ops/rand.h>

/// What the tests of defences share; never installed.
namespace hadal::msp::testing {

/// Grey images of two classes, whose upper or lower half is a little brighter under much noise: a
/// network that learns them plainly goes by the noise too, and falls to small perturbations.
inline data::ImageSet halves(std::int64_t count) {
  seed_aten(5);
  const at::Tensor labels = at::arange(count).remainder(2);
  at::Tensor images = at::rand({count, 1, 28, 28}).mul_(0.6).add_(0.2);
  for (std::int64_t i = 0; i < count; ++i) images[i].narrow(1, i % 2 == 1 ? 14 : 0, 14).add_(0.15);
  const at::Tensor bytes = images.clamp_(0, 1).mul_(255).to(at::kByte);
  return {.train = {bytes, labels}, .test = {bytes, labels}, .classes = 2, .description = "halves"};
}

inline hpts::TrainConfig short_run(std::int64_t steps) {
  hpts::TrainConfig config;
  config.batch = 16;
  config.steps = steps;
  config.rule = hpts::AdamW{};
  config.schedule.peak = 2e-3;
  config.precision.policy = hpts::TrainConfig::Policy::fp32;
  return config;
}

inline std::shared_ptr<ProcessGroup> alone() {
  return init_process_group({.rendezvous = {.rank = 0, .world_size = 1}});
}

}  // namespace hadal::msp::testing
