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

/// Grey images of two classes: a bright half, above or below, under noise, and a faint pattern at
/// single pixels that tells the class too, which a small perturbation turns around.
inline data::ImageSet halves(std::int64_t count) {
  seed_aten(5);
  const at::Tensor labels = at::arange(count).remainder(2);
  at::Tensor images = at::rand({count, 1, 28, 28}).mul_(0.2).add_(0.25);
  for (std::int64_t i = 0; i < count; ++i) {
    const bool below = i % 2 == 1;
    images[i].narrow(1, below ? 14 : 0, 14).add_(0.3);
    images[i].slice(1, 0, 28, 2).slice(2, 0, 28, 2).add_(below ? 0.08 : -0.08);
  }
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
