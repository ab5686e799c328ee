#pragma once

#include "hadal/bench/runner/case.h"
#include "hadal/data/sets/sets.h"
#include "hadal/msp/attack/classifier.h"
#include "hadal/msp/defend/adversarial_task.h"
#include "hadal/msp/evaluate/verdict.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::hpts {
class TrainingRun;
}

namespace hadal::bench {

/// A set of 28x28 images, and how an attacker may change them.
struct HardeningData {
  data::ImageSet images;
  bool generated = true;
  double epsilon = 0.1;  ///< linf, of images in [0, 1]
};

/// The set `name` of real images with `epsilon` where it is there, or nothing.
std::optional<HardeningData> real_images(const Context& context, const std::string& name,
                                         double epsilon);
/// Generated digits, of which `count` are to learn from, within 0.1.
HardeningData generated_digits(const Context& context, std::int64_t count);

/// How a small CNN is trained.
struct HardeningPlan {
  std::int64_t steps = 0;  ///< of 128 images
  msp::HardenMethod method = msp::HardenMethod::pgd;
  int attack_steps = 5;
  double learning_rate = 1e-3;
  double margin = 1.0667;  ///< the epsilon of training, over that of the attacks
};

/// A training of the small CNN with msp::AdversarialTask and hpts::TrainingRun, in bf16 where the
/// processor is fast in it.
class Hardening {
 public:
  Hardening(const HardeningData& data, const HardeningPlan& plan, const Context& context);
  ~Hardening();
  Hardening(const Hardening&) = delete;
  Hardening& operator=(const Hardening&) = delete;

  void step();
  /// The rest of the steps.
  void finish();
  const msp::AdversarialTask& task() const { return *task_; }

 private:
  std::function<void()> check_interrupt_;
  std::unique_ptr<msp::AdversarialTask> task_;
  std::unique_ptr<hpts::TrainingRun> run_;
};

/// The same network after as many steps on the clean images, by LibTorch's AdamW, as a classifier
/// of images fp32 in [0, 1].
msp::Classifier train_plainly(const HardeningData& data, std::int64_t steps,
                              const Context& context);

/// The share of `images` of which the classifier says `labels`, without gradients.
double accuracy_of(const msp::Classifier& classifier, const at::Tensor& images,
                   const at::Tensor& labels);

}  // namespace hadal::bench
