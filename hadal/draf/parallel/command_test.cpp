#include "hadal/draf/parallel/command.h"

#include "hadal/core/error.h"

#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

Command sample() {
  Command command;
  command.arrived.resize(2);
  Submission& first = command.arrived[0];
  first.id = 7;
  first.seed = 1;
  first.request.prompt = {1, 2, 1'000'000'007};
  first.request.max_tokens = 9;
  first.request.stop = {"a", "\xFF b"};
  first.request.ignore_end = true;
  first.request.logprobs = 3;
  first.request.sampling.temperature = 0.1;
  first.request.sampling.top_k = 5;
  first.request.sampling.top_p = 0.3;
  first.request.sampling.min_p = 1e-3;
  first.request.sampling.repetition_penalty = 1.1;
  first.request.sampling.presence_penalty = -0.7;
  first.request.sampling.frequency_penalty = 1.0 / 3;
  first.request.sampling.logit_bias = {{4, -100}, {5, 0.1}};
  first.request.sampling.seed = ~std::uint64_t{0};
  command.arrived[1].id = 8;
  command.arrived[1].request.prompt = {3};
  command.arrived[1].request.max_tokens = 1;
  command.cancelled = {5, 6};
  command.step = command.end = true;
  command.steps = 11;
  command.digest = 0xFEDCBA9876543210;
  return command;
}

TEST(Command, ComesBackAsItWas) {
  const Command back = command_of(bytes_of(sample()));
  ASSERT_EQ(back.arrived.size(), 2U);
  const Request& request = back.arrived[0].request;
  EXPECT_EQ(back.arrived[0].id, 7);
  EXPECT_EQ(back.arrived[0].seed, 1U);
  EXPECT_EQ(request.prompt, (std::vector<std::int64_t>{1, 2, 1'000'000'007}));
  EXPECT_EQ(request.max_tokens, 9);
  EXPECT_EQ(request.stop, sample().arrived[0].request.stop);
  EXPECT_TRUE(request.ignore_end);
  EXPECT_EQ(request.logprobs, 3);
  EXPECT_EQ(request.sampling.temperature, 0.1);
  EXPECT_EQ(request.sampling.top_k, 5);
  EXPECT_EQ(request.sampling.top_p, 0.3);
  EXPECT_EQ(request.sampling.min_p, 1e-3);
  EXPECT_EQ(request.sampling.repetition_penalty, 1.1);
  EXPECT_EQ(request.sampling.presence_penalty, -0.7);
  EXPECT_EQ(request.sampling.frequency_penalty, 1.0 / 3);
  EXPECT_EQ(request.sampling.logit_bias, (std::map<std::int64_t, double>{{4, -100}, {5, 0.1}}));
  EXPECT_EQ(request.sampling.seed, ~std::uint64_t{0});
  EXPECT_FALSE(back.arrived[1].request.logprobs);
  EXPECT_FALSE(back.arrived[1].request.sampling.seed);
  EXPECT_EQ(back.cancelled, (std::vector<Engine::Id>{5, 6}));
  EXPECT_TRUE(back.step && back.end);
  EXPECT_EQ(back.steps, 11);
  EXPECT_EQ(back.digest, 0xFEDCBA9876543210U);
}

TEST(Command, RefusesWhatIsNone) {
  std::vector<std::uint8_t> bytes = bytes_of(sample());
  bytes.resize(bytes.size() / 2);
  EXPECT_THROW(command_of(bytes), FormatError);
  EXPECT_THROW(command_of({}), FormatError);
}

}  // namespace
}  // namespace hadal::draf
