#include "hadal/hpts/distributed/power_sgd.h"

#include "hadal/hpts/distributed/testing.h"
#include "hadal/testing/error_of.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using hadal::testing::run_ranks;
using namespace testing;

constexpr PowerSgdOptions kFromTheStart{.rank = 2, .dense_steps = 0};

/// The gradient of this rank alone.
at::Tensor own_gradient(const SmallNet& net, const Batch& batch) {
  SmallNet copy = std::dynamic_pointer_cast<SmallNetImpl>(net->clone());
  loss_of(copy, batch).backward();
  return flat_gradient(*copy);
}

/// The mean over all ranks, in double precision.
at::Tensor mean_of(ProcessGroup& group, const at::Tensor& tensor) {
  const at::Tensor sum = tensor.to(at::kDouble).clone();
  group.all_reduce(sum, "mean").wait();
  return sum.div_(group.size());
}

/// This rank's errors where the parameter is compressed, and zeros elsewhere, as flat_gradient().
at::Tensor flat_error(const torch::nn::Module& net, const GradientHook& hook) {
  const auto state = hook.state();
  std::vector<at::Tensor> flat;
  for (const auto& item : net.named_parameters()) {
    const auto found = state.find("power_sgd.error." + item.key());
    flat.push_back(found == state.end() ? at::zeros_like(item.value()).reshape(-1).detach()
                                        : found->second.reshape(-1));
  }
  return at::cat(flat);
}

void take_step(const torch::nn::Module& module, double rate) {
  for (const at::Tensor& parameter : module.parameters()) {
    parameter.data().sub_(parameter.grad(), rate);
    parameter.mutable_grad().zero_();
  }
}

TEST(PowerSgdDistributed, WhatWasSentAndTheErrorAreTheSumOfTheGradients) {
  run_ranks(2, [] {
    const auto group = test_group();
    seed_aten(1);
    SmallNet net;
    DistributedDataParallel parallel(*net, group, power_sgd_hook(kFromTheStart), kSmallBuckets);
    at::Tensor sent, own;
    double largest_gradient = 0, largest_error = 0;
    for (int step = 0; step < 60; ++step) {
      const Batch part = make_batch(8, static_cast<std::uint64_t>(step)).part(group->rank(), 2);
      const at::Tensor gradient = own_gradient(net, part).to(at::kDouble);
      parallel.forward([&] { return loss_of(net, part); }).backward();
      const at::Tensor result = flat_gradient(*net).to(at::kDouble);
      sent = step == 0 ? result : sent + result;
      own = step == 0 ? gradient : own + gradient;
      largest_gradient = std::max(largest_gradient, gradient.norm().item<double>());
      largest_error =
          std::max(largest_error, flat_error(*net, parallel.hook()).norm().item<double>());
      take_step(*net, 0.05);
    }
    const at::Tensor expected = mean_of(*group, own);
    const at::Tensor kept = mean_of(*group, flat_error(*net, parallel.hook()));
    const double scale = expected.abs().max().item<double>();
    EXPECT_LT(largest_difference(sent + kept, expected), 1e-5 * scale);
    // Compression did lose something meanwhile, and caught up with it.
    EXPECT_GT(largest_difference(sent, expected), 1e-2 * scale);
    EXPECT_LT(largest_error, 3 * largest_gradient);
  });
}

TEST(PowerSgdDistributed, ErrorsDoNotGrowFromTheRanksDeviations) {
  run_ranks(2, [] {
    const auto group = test_group();
    seed_aten(1);
    SmallNet net;
    DistributedDataParallel parallel(*net, group, power_sgd_hook(kFromTheStart), kSmallBuckets);
    // Each rank sees one kind of example only, always the same: their gradients differ for good.
    const Batch part = make_batch(8, 5).part(group->rank(), 2);
    const double gradient = own_gradient(net, part).norm().item<double>();
    for (int step = 0; step < 100; ++step) {
      parallel.forward([&] { return loss_of(net, part); }).backward();
      net->zero_grad(/*set_to_none=*/false);
    }
    EXPECT_LT(flat_error(*net, parallel.hook()).norm().item<double>(), 10 * gradient);
  });
}

TEST(PowerSgdDistributed, AGradientOfLowRankComesThroughAndAllRanksGetTheSame) {
  run_ranks(3, [] {
    const auto group = test_group();
    seed_aten(1);
    // The weight's gradient of one example is a matrix of rank 1, the mean over three of rank 3.
    torch::nn::Linear net(40, 30);
    DistributedDataParallel parallel(
        *net, group, power_sgd_hook({.rank = 3, .dense_steps = 0, .least_compression = 1}));
    const auto input = [](int rank) {
      seed_aten(static_cast<std::uint64_t>(rank));
      return at::randn({1, 40});
    };
    at::Tensor expected;
    for (int rank = 0; rank < 3; ++rank) {
      torch::nn::Linear copy = std::dynamic_pointer_cast<torch::nn::LinearImpl>(net->clone());
      copy->forward(input(rank)).pow(2).sum().backward();
      const at::Tensor part = flat_gradient(*copy).div(3);
      expected = rank == 0 ? part : expected + part;
    }
    parallel.forward([&] { return net->forward(input(group->rank())).pow(2).sum(); }).backward();
    const at::Tensor gradient = flat_gradient(*net);
    EXPECT_LT(largest_difference(gradient, expected), 1e-4 * expected.abs().max().item<double>());
    const at::Tensor all = at::empty({3, gradient.numel()});
    group->all_gather(all, gradient, "gradients").wait();
    EXPECT_TRUE(all[0].equal(all[1]) && all[0].equal(all[2]));
  });
}

TEST(PowerSgdDistributed, SendsTheBytesOfPAndQAndOfWhatIsNotCompressed) {
  run_ranks(2, [] {
    const auto group = test_group();
    SmallNet net;
    DistributedDataParallel parallel(
        *net, group, power_sgd_hook({.rank = 2, .dense_steps = 1, .least_compression = 2}));
    const Batch part = make_batch(8, 1).part(group->rank(), 2);
    const auto step = [&] {
      const std::int64_t before = parallel.hook().payload_bytes();
      parallel.forward([&] { return loss_of(net, part); }).backward();
      return parallel.hook().payload_bytes() - before;
    };
    EXPECT_EQ(step(), 4 * (7 * 9 + 7 + 13 * 63 + 13 + 12 * 208 + 12 + 5 * 12 + 5));
    // conv1 [7, 9] and out [5, 12] would not halve; conv2 is [13, 7 * 9], hidden [12, 13 * 16].
    EXPECT_EQ(step(), 4 * (2 * (13 + 63) + 2 * (12 + 208) + 63 + 60 + 7 + 13 + 12 + 5));
    EXPECT_EQ(step(), 4 * (2 * (13 + 63) + 2 * (12 + 208) + 63 + 60 + 7 + 13 + 12 + 5));
  });
}

TEST(PowerSgdDistributed, GoesOnFromItsStateAsIfItHadNotStopped) {
  run_ranks(2, [] {
    const auto group = test_group();
    seed_aten(1);
    SmallNet net;
    const auto gradient = [&](DistributedDataParallel& parallel, std::uint64_t seed) {
      const Batch part = make_batch(8, seed).part(group->rank(), 2);
      net->zero_grad();
      parallel.forward([&] { return loss_of(net, part); }).backward();
      return flat_gradient(*net).clone();
    };
    const PowerSgdOptions options{.rank = 2, .dense_steps = 1};
    std::map<std::string, at::Tensor> saved;
    at::Tensor expected;
    {
      DistributedDataParallel parallel(*net, group, power_sgd_hook(options), kSmallBuckets);
      for (std::uint64_t step = 0; step < 3; ++step) gradient(parallel, step);
      for (const auto& [name, tensor] : parallel.hook().state()) saved[name] = tensor.clone();
      expected = gradient(parallel, 3);
    }
    DistributedDataParallel parallel(*net, group, power_sgd_hook(options), kSmallBuckets);
    parallel.hook().load_state(saved);
    EXPECT_TRUE(gradient(parallel, 3).equal(expected));
    saved.erase("power_sgd.q.hidden.weight");
    EXPECT_EQ(error_of<InvalidArgument>([&] { parallel.hook().load_state(saved); }),
              "PowerSGD's state lacks power_sgd.q.hidden.weight");
  });
}

TEST(PowerSgd, RefusesOptionsOutOfRange) {
  EXPECT_THROW(power_sgd_hook({.rank = 0}), InvalidArgument);
  EXPECT_THROW(power_sgd_hook({.dense_steps = -1}), InvalidArgument);
  EXPECT_THROW(power_sgd_hook({.least_compression = 0.5}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::hpts
