#include "hadal/hpts/distributed/data_parallel.h"

#include "hadal/hpts/distributed/testing.h"
#include "hadal/testing/error_of.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using hadal::testing::run_ranks;
using namespace testing;

/// The gradient of a copy of `net`, in this process alone, on all of `batch`.
at::Tensor single_gradient(const SmallNet& net, const Batch& batch) {
  SmallNet copy = std::dynamic_pointer_cast<SmallNetImpl>(net->clone());
  loss_of(copy, batch).backward();
  return flat_gradient(*copy);
}

void take_step(const torch::nn::Module& module) {
  for (const at::Tensor& parameter : module.parameters()) {
    parameter.data().sub_(parameter.grad(), 0.1);
    parameter.mutable_grad().zero_();
  }
}

/// Gradients over several steps (buckets are built anew after the first), against one process.
void check_gradients(const DataParallelOptions& options) {
  const auto group = test_group();
  seed_aten(static_cast<std::uint64_t>(group->rank()));  // rank 0's parameters shall win
  SmallNet net;
  DistributedDataParallel parallel(*net, group, all_reduce_hook(), options);
  for (int step = 0; step < 3; ++step) {
    const Batch batch = make_batch(12, static_cast<std::uint64_t>(step));
    const at::Tensor expected = single_gradient(net, batch);
    const Batch part = batch.part(group->rank(), group->size());
    parallel.forward([&] { return loss_of(net, part); }).backward();
    EXPECT_LT(largest_difference(flat_gradient(*net), expected), 1e-6) << "step " << step;
    take_step(*net);
  }
  EXPECT_GE(parallel.hook().collectives(), 3 * 2) << "there was one bucket only";
  EXPECT_EQ(parallel.hook().payload_bytes(), 3 * 4 * flat_gradient(*net).numel());
}

TEST(DataParallelDistributed, GradientsOfTwoAreThoseOfOneOnTheJoinedBatch) {
  run_ranks(2, [] { check_gradients(kSmallBuckets); });
}

TEST(DataParallelDistributed, GradientsOfThreeAreThoseOfOneOnTheJoinedBatch) {
  run_ranks(3, [] {
    DataParallelOptions options = kSmallBuckets;
    options.gradient_as_bucket_view = true;
    check_gradients(options);
  });
}

TEST(DataParallelDistributed, NoSyncAccumulatesAndTheNextStepCommunicatesTheSum) {
  run_ranks(2, [] {
    const auto group = test_group();
    seed_aten(1);
    SmallNet net;
    DistributedDataParallel parallel(*net, group, all_reduce_hook(), kSmallBuckets);
    for (int step = 0; step < 2; ++step) {
      const Batch first = make_batch(8, 10), second = make_batch(8, 11);
      const at::Tensor expected = single_gradient(net, first) + single_gradient(net, second);
      const Batch first_part = first.part(group->rank(), 2);
      const Batch second_part = second.part(group->rank(), 2);
      const std::int64_t before = parallel.hook().collectives();
      {
        const auto pause = parallel.no_sync();
        parallel.forward([&] { return loss_of(net, first_part); }).backward();
      }
      EXPECT_EQ(parallel.hook().collectives(), before);
      parallel.forward([&] { return loss_of(net, second_part); }).backward();
      EXPECT_LT(largest_difference(flat_gradient(*net), expected), 1e-6);
      take_step(*net);
    }
  });
}

TEST(DataParallelDistributed, Bf16SendsHalfTheBytesAndRoundsTheGradients) {
  run_ranks(2, [] {
    const auto group = test_group();
    seed_aten(1);
    SmallNet net;
    DistributedDataParallel parallel(*net, group, bf16_hook(), kSmallBuckets);
    const Batch batch = make_batch(8, 3);
    const at::Tensor expected = single_gradient(net, batch);
    const Batch part = batch.part(group->rank(), 2);
    parallel.forward([&] { return loss_of(net, part); }).backward();
    const at::Tensor gradient = flat_gradient(*net);
    const double error = largest_difference(gradient, expected);
    EXPECT_GT(error, 0);
    EXPECT_LT(error, expected.abs().max().item<double>() / 100);
    EXPECT_EQ(parallel.hook().payload_bytes(), 2 * gradient.numel());
  });
}

struct TwoBranchesImpl : torch::nn::Module {
  TwoBranchesImpl() {
    a = register_module("a", torch::nn::Linear(3, 1));
    b = register_module("b", torch::nn::Linear(3, 1));
    calls = register_buffer("calls", at::zeros({1}));
  }
  torch::nn::Linear a{nullptr}, b{nullptr};
  at::Tensor calls;
};

TEST(DataParallelDistributed, TakesParametersThatARankLeavesUnusedAndBroadcastsBuffers) {
  run_ranks(2, [] {
    const auto group = test_group();
    TwoBranchesImpl net;
    DistributedDataParallel parallel(net, group, all_reduce_hook(),
                                     {.find_unused_parameters = true});
    net.calls.fill_(group->rank() == 0 ? 7 : 8);
    for (int step = 0; step < 2; ++step) {
      // Rank 0 uses the first branch, rank 1 the second.
      auto& branch = group->rank() == 0 ? net.a : net.b;
      parallel.forward([&] { return branch->forward(at::ones({1, 3})).sum(); }).backward();
      EXPECT_EQ(net.calls.item<float>(), 7);
      for (const at::Tensor& gradient : gradients_of(net)) {
        EXPECT_TRUE((gradient == 0.5).all().item<bool>()) << gradient;
      }
      net.zero_grad();
    }
  });
}

TEST(DataParallelDistributed, SaysThatParametersWereLeftUnused) {
  run_ranks(2, [] {
    TwoBranchesImpl net;
    DistributedDataParallel parallel(net, test_group());
    const auto step = [&] {
      parallel.forward([&] { return net.a->forward(at::ones({1, 3})).sum(); }).backward();
    };
    step();
    EXPECT_TRUE(error_of<InvalidArgument>(step).starts_with(
        "step 0 left parameters without a gradient on rank "));
  });
}

TEST(DataParallelDistributed, NamesTheParameterAndTheRankThatDiffer) {
  run_ranks(3, [] {
    const auto group = test_group();
    SmallNet net(group->rank() == 2 ? 11 : 12);
    EXPECT_EQ(error_of<InvalidArgument>([&] { DistributedDataParallel(*net, group); }),
              "the model of rank 2 differs from that of rank 0: it has hidden.weight: trained "
              "Float [11, 208] where rank 0 has hidden.weight: trained Float [12, 208]");
  });
}

TEST(DataParallel, OfOneProcessLeavesGradientsAlone) {
  SmallNet net;
  DistributedDataParallel parallel(*net, init_process_group());
  const Batch batch = make_batch(4, 1);
  const at::Tensor expected = single_gradient(net, batch);
  parallel.forward([&] { return loss_of(net, batch); }).backward();
  EXPECT_TRUE(flat_gradient(*net).equal(expected));
  EXPECT_EQ(parallel.hook().collectives(), 0);
}

TEST(DataParallel, RefusesAModelWithNothingToTrain) {
  torch::nn::Linear net(2, 2);
  for (at::Tensor& parameter : net->parameters()) parameter.requires_grad_(false);
  EXPECT_EQ(error_of<InvalidArgument>([&] { DistributedDataParallel(*net, init_process_group()); }),
            "data parallel: the model has no parameter that requires a gradient");
}

}  // namespace
}  // namespace hadal::hpts
