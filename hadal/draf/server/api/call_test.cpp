#include "hadal/draf/server/api/call.h"

#include "hadal/core/error.h"
#include "hadal/draf/chat/chat_template.h"
#include "hadal/draf/server/api/error.h"

#include <gtest/gtest.h>

namespace hadal::draf::server {
namespace {

ServedModel model() {
  return {.name = "m",
          .context = 100,
          .tokenizer = std::make_shared<data::ByteTokenizer>(),
          .render_chat = [](const Conversation& it) { return it.messages.dump(); },
          .sampling = {.temperature = 0.6, .top_k = 20}};
}

constexpr CallLimits kLimits{.max_choices = 8, .max_prompt_tokens = 50};

Call completion(const std::string& body) { return parse_completion_call(body, model(), kLimits); }
Call chat(const std::string& more) {
  return parse_chat_call(R"({"messages":[{"role":"user","content":"hi"}])" + more + "}", model(),
                         kLimits);
}

TEST(CompletionCall, LeavesToTheModelWhatIsNotSaid) {
  const Call call = completion(R"({"prompt":"ab","temperature":null})");
  ASSERT_EQ(call.requests.size(), 1U);
  const Request& request = call.requests[0];
  EXPECT_EQ(request.prompt, (std::vector<std::int64_t>{'a', 'b'}));
  EXPECT_EQ(request.max_tokens, 16);
  EXPECT_EQ(request.sampling.temperature, 0.6);
  EXPECT_EQ(request.sampling.top_k, 20);
  EXPECT_EQ(request.sampling.seed, std::nullopt);
  EXPECT_EQ(request.logprobs, std::nullopt);
  EXPECT_FALSE(call.stream || call.include_usage || call.logprobs);
}

TEST(CompletionCall, HandsOnEachOption) {
  const Call call = completion(
      R"({"prompt":"a","max_tokens":7,"temperature":0,"top_p":0.5,"top_k":-1,"min_p":0.1,
          "presence_penalty":-2,"frequency_penalty":2,"repetition_penalty":1.5,"seed":-1,
          "logit_bias":{"3":-100,"255":1.5},"stop":"x","logprobs":3,"ignore_eos":true,
          "stream":true,"stream_options":{"include_usage":true}})");
  const Request& request = call.requests.at(0);
  const SamplingOptions& sampling = request.sampling;
  EXPECT_EQ(request.max_tokens, 7);
  EXPECT_EQ(sampling.temperature, 0);
  EXPECT_EQ(sampling.top_p, 0.5);
  EXPECT_EQ(sampling.top_k, 0);
  EXPECT_EQ(sampling.min_p, 0.1);
  EXPECT_EQ(sampling.presence_penalty, -2);
  EXPECT_EQ(sampling.frequency_penalty, 2);
  EXPECT_EQ(sampling.repetition_penalty, 1.5);
  EXPECT_EQ(sampling.seed, ~std::uint64_t{0});
  EXPECT_EQ(sampling.logit_bias, (std::map<std::int64_t, double>{{3, -100}, {255, 1.5}}));
  EXPECT_EQ(request.stop, (std::vector<std::string>{"x"}));
  EXPECT_EQ(request.logprobs, 3);
  EXPECT_TRUE(request.ignore_end && call.stream && call.include_usage && call.logprobs);
}

TEST(CompletionCall, GivesEachChoiceASeedOfItsOwn) {
  const Call call = completion(R"({"prompt":["a","bc"],"n":2,"seed":40,"echo":true})");
  ASSERT_EQ(call.requests.size(), 4U);
  EXPECT_EQ(call.requests[0].sampling.seed, 40U);
  EXPECT_EQ(call.requests[1].sampling.seed, 41U);
  EXPECT_EQ(call.requests[2].sampling.seed, 40U);
  EXPECT_EQ(call.echoes, (std::vector<std::string>{"a", "a", "bc", "bc"}));
  EXPECT_EQ(call.prompt_tokens, 3);
  EXPECT_EQ(call.choices_per_prompt, 2);
}

TEST(CompletionCall, BoundsPromptsAndContinuations) {
  EXPECT_EQ(completion(R"({"prompt":"a","max_tokens":9223372036854775807})").requests[0].max_tokens,
            100);
  EXPECT_NO_THROW(completion(R"({"prompt":")" + std::string(50, 'a') + R"("})"));
  EXPECT_THROW(completion(R"({"prompt":")" + std::string(51, 'a') + R"("})"), ApiError);
}

TEST(ChatCall, FillsTheContextWhereNoLengthIsSaid) {
  EXPECT_EQ(chat("").requests.at(0).max_tokens, 100);
  EXPECT_EQ(chat(R"(,"max_tokens":5)").requests.at(0).max_tokens, 5);
  EXPECT_EQ(chat(R"(,"max_tokens":5,"max_completion_tokens":6)").requests.at(0).max_tokens, 6);
}

TEST(ChatCall, AsksForLogprobsInItsOwnWay) {
  EXPECT_EQ(chat(R"(,"logprobs":true)").requests.at(0).logprobs, 0);
  EXPECT_EQ(chat(R"(,"logprobs":true,"top_logprobs":4)").requests.at(0).logprobs, 4);
  EXPECT_EQ(chat(R"(,"logprobs":false)").requests.at(0).logprobs, std::nullopt);
}

TEST(ChatCall, NeedsATemplate) {
  ServedModel without = model();
  without.render_chat = nullptr;
  try {
    parse_chat_call(R"({"messages":[{"role":"user"}]})", without, kLimits);
    FAIL() << "no error";
  } catch (const ApiError& error) {
    EXPECT_EQ(error.details().code, "no_chat_template");
  }
}

}  // namespace
}  // namespace hadal::draf::server
