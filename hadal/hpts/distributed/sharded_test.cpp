#include "hadal/hpts/distributed/sharded.h"

#include "hadal/core/memory.h"
#include "hadal/hpts/distributed/testing.h"
#include "hadal/hpts/optimizer/optimizer.h"
#include "hadal/testing/error_of.h"

#include <ATen/ops/empty.h>
#include <torch/optim/adamw.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using hadal::testing::run_ranks;
using namespace testing;

std::vector<std::string> names_of(const torch::nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& item : module.named_parameters()) names.push_back(item.key());
  return names;
}

OptimizerStep adam_of(std::vector<at::Tensor> parameters) {
  const auto adam = std::make_shared<torch::optim::AdamW>(
      std::move(parameters), torch::optim::AdamWOptions(0.01).weight_decay(0.1));
  return [adam] { adam->step(); };
}

MakeOptimizer adam_of_own(const std::vector<at::Tensor>& parameters) {
  return [parameters](const std::vector<std::size_t>& own) {
    std::vector<at::Tensor> theirs;
    for (const std::size_t place : own) theirs.push_back(parameters[place]);
    return adam_of(theirs);
  };
}

at::Tensor flat_parameters(const torch::nn::Module& module) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& parameter : module.parameters())
    flat.push_back(parameter.detach().reshape(-1));
  return at::cat(flat);
}

TEST(AssignOwners, GivesEachRankAboutTheSameBytes) {
  std::vector<at::Tensor> parameters;
  for (const std::int64_t size : {100, 1, 50, 49, 30, 70}) parameters.push_back(at::empty({size}));
  EXPECT_EQ(assign_owners(parameters, 3), (std::vector<int>{0, 2, 2, 2, 1, 1}));
  EXPECT_EQ(assign_owners(parameters, 1), std::vector<int>(6, 0));
}

/// hpts::Optimizer with 8-bit state.
OptimizerStep adam8_of(std::vector<NamedParameter> parameters) {
  const auto adam =
      std::make_shared<Optimizer>(std::vector<ParameterGroup>{{std::move(parameters), 0.01, 0.1}},
                                  AdamW{}, OptimizerOptions{.state = StateFormat::int8});
  return [adam] { adam->step(); };
}

MakeOptimizer adam8_of_own(const std::vector<NamedParameter>& parameters) {
  return [parameters](const std::vector<std::size_t>& own) {
    std::vector<NamedParameter> theirs;
    for (const std::size_t place : own) theirs.push_back(parameters[place]);
    return adam8_of(theirs);
  };
}

/// `make` and `whole` make the optimizers of a rank's part and of all parameters.
template <class Make, class Whole>
void check_sharded(const Make& make, const Whole& make_whole) {
  const auto group = test_group();
  seed_aten(1);
  SmallNet net, reference = std::dynamic_pointer_cast<SmallNetImpl>(net->clone());
  DistributedDataParallel parallel(*net, group, all_reduce_hook(), kSmallBuckets);
  DistributedDataParallel whole(*reference, group, all_reduce_hook(), kSmallBuckets);
  ShardedOptimizer sharded(group, net->parameters(), make(*net));
  const OptimizerStep adam = make_whole(*reference);
  for (int step = 0; step < 5; ++step) {
    const Batch part =
        make_batch(6, static_cast<std::uint64_t>(step)).part(group->rank(), group->size());
    net->zero_grad();
    reference->zero_grad();
    parallel.forward([&] { return loss_of(net, part); }).backward();
    whole.forward([&] { return loss_of(reference, part); }).backward();
    sharded.step();
    adam();
    EXPECT_TRUE(flat_parameters(*net).equal(flat_parameters(*reference))) << "step " << step;
  }
}

TEST(ShardedOptimizerDistributed, MovesParametersAsOneOptimizerOfAllDoes) {
  run_ranks(3, [] {
    check_sharded([](const auto& net) { return adam_of_own(net.parameters()); },
                  [](const auto& net) { return adam_of(net.parameters()); });
  });
}

TEST(ShardedOptimizerDistributed, Keeps8BitStateOfItsOwnParameters) {
  run_ranks(2, [] {
    check_sharded([](const auto& net) { return adam8_of_own(named_parameters(net)); },
                  [](const auto& net) { return adam8_of(named_parameters(net)); });
  });
}

TEST(ShardedGradientsDistributed, LeaveEachRankTheMeanOfItsOwnGradientsOnly) {
  run_ranks(2, [] {
    const auto group = test_group();
    seed_aten(static_cast<std::uint64_t>(group->rank()));
    SmallNet net;
    const auto parameters = net->parameters();
    ShardedGradients gradients(group, names_of(*net), parameters, /*bucket_bytes=*/2'000);
    const auto owners = assign_owners(parameters, 2);
    for (int step = 0; step < 3; ++step) {
      const Batch batch = make_batch(8, static_cast<std::uint64_t>(step));
      SmallNet copy = std::dynamic_pointer_cast<SmallNetImpl>(net->clone());
      loss_of(copy, batch).backward();
      net->zero_grad();
      loss_of(net, batch.part(group->rank(), 2)).backward();
      gradients.finish();
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        EXPECT_EQ(parameters[i].grad().defined(), owners[i] == group->rank());
        if (!parameters[i].grad().defined()) continue;
        EXPECT_LT(largest_difference(parameters[i].grad(), copy->parameters()[i].grad()), 1e-6);
      }
    }
  });
}

TEST(ShardedGradientsDistributed, WithShardedStateTakeTheirShareOfMemory) {
  run_ranks(2, [] {
    const auto group = test_group();
    seed_aten(1);
    // Two equal layers, so that each rank owns half.
    struct Net : torch::nn::Module {
      torch::nn::Linear a = register_module("a", torch::nn::Linear(256, 256));
      torch::nn::Linear b = register_module("b", torch::nn::Linear(256, 256));
    } net;
    const std::int64_t bytes = 2 * (256 * 256 + 256) * 4;
    const auto parameters = net.parameters();
    const MemoryMeter memory;
    ShardedGradients gradients(group, names_of(net), parameters);
    ShardedOptimizer optimizer(group, parameters, adam_of_own(parameters));
    for (int step = 0; step < 2; ++step) {
      net.zero_grad();
      net.b->forward(net.a->forward(at::randn({4, 256}))).sum().backward();
      gradients.finish();
      optimizer.step();
    }
    // A gradient and two moments, of half of the parameters; one optimizer of all would take 3.
    const auto share = [&] {
      return static_cast<double>(memory.current_bytes()) / static_cast<double>(bytes);
    };
    // Gloo's thread lets a buffer go a moment after the collective is done.
    for (int i = 0; i < 200 && share() > 1.6; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const double held = share();
    EXPECT_GT(held, 1.4);
    EXPECT_LT(held, 1.6);
  });
}

TEST(ShardedGradientsDistributed, NameAParameterThatGotNoGradient) {
  run_ranks(2, [] {
    const auto group = test_group();
    SmallNet net;
    ShardedGradients gradients(group, names_of(*net), net->parameters());
    net->out->forward(at::randn({1, 12})).sum().backward();
    EXPECT_EQ(error_of<InvalidArgument>([&] { gradients.finish(); }),
              "parameter conv1.weight got no gradient");
  });
}

}  // namespace
}  // namespace hadal::hpts
