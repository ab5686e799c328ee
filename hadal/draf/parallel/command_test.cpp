#include "hadal/draf/parallel/command.h"

#include "hadal/core/error.h"

#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

Command sample() {
  Request request{.prompt = {1, 2, 1'000'000'007},
                  .max_tokens = 9,
                  .stop = {"a", "\xFF\x00b"},
                  .ignore_end = true,
                  .logprobs = 3};
  request.sampling = {.temperature = 0.1,
                      .top_k = 5,
                      .top_p = 0.3,
                      .min_p = 1e-3,
                      .repetition_penalty = 1.1,
                      .presence_penalty = -0.7,
                      .frequency_penalty = 1.0 / 3,
                      .logit_bias = {{4, -100}, {5, 0.1}},
                      .seed = ~std::uint64_t{0}};
  return {.arrived = {{.id = 7, .seed = 1, .request = request},
                      {.id = 8, .seed = 2, .request = {.prompt = {3}, .max_tokens = 1}}},
          .cancelled = {5, 6},
          .step = true,
          .end = true,
          .steps = 11,
          .digest = 0xFEDCBA9876543210};
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
