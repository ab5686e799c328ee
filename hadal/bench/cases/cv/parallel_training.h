#pragma once

#include "hadal/data/labelled_images.h"
#include "hadal/hpts/distributed/data_parallel.h"

#include <cstdint>
#include <string>

#include <torch/nn/module.h>

namespace hadal::bench {

/// How the ranks of the case train.
enum class Method {
  blocking,   ///< after backward: all-reduce of one bucket after the other, each waited for
  power_sgd,  ///< hpts::DistributedDataParallel with power_sgd_hook(), during backward
};

/// A model on this rank with what trains it.
class ParallelModel {
 public:
  /// `model` gets the parameters of rank 0.
  ParallelModel(torch::nn::Module& model, std::shared_ptr<ProcessGroup> group, Method method,
                std::int64_t dense_steps);

  /// Gradients of `loss`, the mean over all ranks.
  void backward(const std::function<at::Tensor()>& loss);
  /// Bytes that the last backward handed to collectives, and how many they were.
  std::int64_t payload_bytes() const { return bytes_; }
  std::int64_t collectives() const { return collectives_; }

 private:
  void reduce_blocking();

  torch::nn::Module& model_;
  std::shared_ptr<ProcessGroup> group_;
  std::unique_ptr<hpts::DistributedDataParallel> parallel_;  // null for Method::blocking
  std::int64_t bytes_ = 0;
  std::int64_t collectives_ = 0;
};

/// Glyphs of `seed`: to train on, other ones for each rank, and to test with, the same for all.
struct Glyphs {
  data::LabelledImages train;
  data::LabelledImages test;
};
Glyphs make_glyphs(int rank, std::uint64_t seed);

/// The accuracy, on the test glyphs, of a small network after `steps` steps with both ranks.
double trained_accuracy(const std::shared_ptr<ProcessGroup>& group, Method method,
                        const Glyphs& glyphs, int steps, std::uint64_t seed);

}  // namespace hadal::bench
