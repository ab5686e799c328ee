#pragma once

#include "hadal/data/sets/sets.h"
#include "hadal/hpts/train/image_network.h"
#include "hadal/hpts/train/image_task.h"
#include "hadal/hpts/train/task.h"
#include "hadal/msp/attack/classifier.h"
#include "hadal/msp/attack/problem.h"
#include "hadal/msp/attack/threat.h"
#include "hadal/msp/defend/overfitting.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// What is learnt, from which adversarial examples.
enum class HardenMethod {
  pgd,     ///< the labels of examples that raise the cross-entropy (Madry et al., 2018)
  trades,  ///< the labels of clean images, and the same answer nearby (Zhang et al., 2019)
  fast,    ///< as pgd with one step from a random start (Wong et al., 2020)
};

/// "pgd", "trades" and "fast", in that order.
const std::vector<std::string>& harden_method_names();
/// Throws InvalidArgument, listing the names, for another.
HardenMethod parse_harden_method(std::string_view name);

struct HardenOptions {
  HardenMethod method = HardenMethod::pgd;
  Threat threat = {};
  int steps = 10;                 ///< of pgd and trades, and of the check of fast
  double step_size = 0.25;        ///< of epsilon; the one step of fast has 1.25
  double beta = 6;                ///< of trades: the weight of the divergence nearby
  std::int64_t warm_up = 0;       ///< steps of training over which epsilon rises from 0
  double average = 0.998;         ///< decay of the running mean of weights, which is what is tested
  std::int64_t check_every = 50;  ///< steps of training between looks for overfitting, of fast
};

/// Adversarial training of a network for images: to be trained by hpts::TrainingRun or
/// hpts::train(). The score is the accuracy of the averaged weights under PGD of 20
/// steps on up to 500 test images.
class AdversarialTask final : public hpts::Task {
 public:
  /// The weights are drawn from ATen's generator. Throws InvalidArgument for options out of range.
  AdversarialTask(const HardenOptions& options, const hpts::ImageTaskOptions& network,
                  data::ImageSet images);

  torch::nn::Module& model() override { return *network_.module; }
  std::int64_t example_count() const override { return images_.train.images.size(0); }
  const std::string& description() const override { return description_; }
  at::Tensor loss(const at::Tensor& indices, Random& random) override;
  hpts::Score score() override;
  std::map<std::string, at::Tensor> state() const override;
  void load_state(const std::map<std::string, at::Tensor>& state) override;

  /// The averaged weights, and what they make of images fp32 [n, c, h, w] in [0, 1], in evaluation
  /// mode. The task has to outlive the classifier.
  torch::nn::Module& averaged() { return *average_.module; }
  Classifier classifier() const { return classifier_of(average_); }
  const OverfittingWatch& overfitting() const { return watch_; }
  /// The first `count` test images, fp32 in [0, 1], or all where there are fewer, and labels.
  data::LabelledImages test_images(std::int64_t count) const;
  std::int64_t test_count() const { return images_.test.images.size(0); }

 private:
  static Classifier classifier_of(const hpts::ImageNetwork& network);
  double epsilon() const;  ///< of the step at hand
  at::Tensor adversarial(const at::Tensor& images, const at::Tensor& labels, std::uint64_t seed);
  void watch(const Problem& problem, const at::Tensor& after_one, const at::Tensor& after_many);

  HardenOptions options_;
  hpts::ImageTaskOptions task_;
  data::ImageSet images_;
  hpts::ImageNetwork network_;
  hpts::ImageNetwork average_;
  OverfittingWatch watch_;
  std::int64_t step_ = 0;  // calls of loss()
  std::string description_;
};

}  // namespace hadal::msp
