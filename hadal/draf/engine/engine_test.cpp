#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/draf/testing/requests.h"
#include "hadal/testing/error_of.h"

#include <future>
#include <new>
#include <thread>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

using namespace testing;

/// No messages while one lives.
struct Silence {
  Silence() {
    set_log_sink([](LogLevel, std::string_view) {});
  }
  ~Silence() { set_log_sink({}); }
};

/// Greedy continuation, all keys and values in plain tensors: no engine at all.
std::vector<std::int64_t> defined_continuation(const TinyModel& model,
                                               std::vector<std::int64_t> tokens, int count) {
  std::vector<std::int64_t> result;
  for (int i = 0; i < count; ++i) {
    const at::Tensor ids = at::tensor(tokens, at::kLong);
    const at::Tensor positions = at::arange(ids.size(0));
    const at::Tensor logits = model.forward(
        ids, positions, positions.slice(0, ids.size(0) - 1),
        [](std::int64_t, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
          const auto heads = [](const at::Tensor& x, std::int64_t repeat) {
            return x.to(at::kDouble).repeat_interleave(repeat, 1).transpose(0, 1);
          };
          const std::int64_t n = q.size(0);
          const at::Tensor hidden = at::ones({n, n}, at::kBool).triu(1);
          const at::Tensor weights =
              (heads(q, 1).matmul(heads(k, 2).transpose(1, 2)) / std::sqrt(8.0))
                  .masked_fill(hidden, -std::numeric_limits<double>::infinity())
                  .softmax(2);
          return weights.matmul(heads(v, 2)).transpose(0, 1).to(at::kFloat);
        });
    tokens.push_back(logits[0].argmax().item<std::int64_t>());
    result.push_back(tokens.back());
  }
  return result;
}

TEST(Engine, GeneratesWhatTheModelSays) {
  const auto model = std::make_shared<TinyModel>();
  const auto engine = start_engine({.model = model});
  for (const std::int64_t length : {1, 63, 64, 65, 200}) {
    const auto prompt = prompt_of(length, 1);
    const Whole whole = generate(*engine, greedy(prompt, 20));
    EXPECT_EQ(whole.ids, defined_continuation(*model, prompt, 20)) << length;
    EXPECT_EQ(whole.finish, FinishReason::length);
    EXPECT_EQ(whole.parts, 20);
  }
}

TEST(Engine, EndsWithTheEndTokenUnlessToldOtherwise) {
  const auto model = std::make_shared<TinyModel>();
  const auto prompt = prompt_of(10, 2);
  const auto all = defined_continuation(*model, prompt, 12);
  const auto first = std::ranges::find(all, all[7]);
  const auto engine = start_engine({.model = model, .end_ids = {all[7]}});
  const Whole ended = generate(*engine, greedy(prompt, 12));
  EXPECT_EQ(ended.finish, FinishReason::stop);
  EXPECT_EQ(ended.ids, std::vector<std::int64_t>(all.begin(), first + 1));
  Request request = greedy(prompt, 12);
  request.ignore_end = true;
  EXPECT_EQ(generate(*engine, request).ids, all);
}

TEST(Engine, EndsWhereTheContextDoes) {
  const auto engine = start_engine({.model = std::make_shared<TinyModel>(100)});
  const Whole whole = generate(*engine, greedy(prompt_of(90, 3), 1000));
  EXPECT_EQ(whole.ids.size(), 10U);
  EXPECT_EQ(whole.finish, FinishReason::length);
}

TEST(Engine, SharesWhatPromptsBeginWith) {
  const auto model = std::make_shared<TinyModel>();
  const auto engine = start_engine({.model = model});
  auto prompt = prompt_of(200, 5);
  const Whole first = generate(*engine, greedy(prompt, 70));
  EXPECT_EQ(first.cached_tokens, 0);
  EXPECT_EQ(generate(*engine, greedy(prompt, 70)).ids, first.ids);
  EXPECT_EQ(engine->figures().cached_tokens, 192);
  // The next turn of a conversation.
  prompt.insert(prompt.end(), first.ids.begin(), first.ids.end());
  const Whole next = generate(*engine, greedy(prompt, 5));
  EXPECT_EQ(next.cached_tokens, 256);
  EXPECT_EQ(next.ids, defined_continuation(*model, prompt, 5));
  EXPECT_EQ(engine->figures().prompt_tokens, 200 + 8 + 14);
}

TEST(Engine, CancelsAndFreesAtOnce) {
  const auto engine = start_engine({.model = std::make_shared<TinyModel>()}, with_pages(8));
  Collected collected;
  const auto id = engine->submit(greedy(prompt_of(100, 1), 400), collected.sink());
  collected.wait_for_tokens(3);
  engine->cancel(id);
  const Whole whole = collected.wait();
  EXPECT_EQ(whole.finish, FinishReason::cancelled);
  EXPECT_LT(whole.ids.size(), 400U);
  wait_until_idle(*engine);
  EXPECT_EQ(engine->figures().free_pages, 8);
  engine->cancel(id);
  engine->cancel(12345);
  EXPECT_EQ(generate(*engine, greedy({1}, 2)).ids.size(), 2U);
}

TEST(Engine, ItsEndCancelsAll) {
  std::vector<Collected> outputs(5);
  {
    EngineOptions options;
    options.max_running = 2;
    const auto engine = start_engine({.model = std::make_shared<TinyModel>()}, options);
    for (auto& output : outputs) engine->submit(greedy({1, 2}, 4000), output.sink());
    outputs[0].wait_for_tokens(2);
  }
  for (auto& output : outputs) {
    EXPECT_EQ(output.wait().finish, FinishReason::cancelled);
    EXPECT_FALSE(output.ended_twice());
  }
}

TEST(Engine, RefusesMoreThanMayWait) {
  const auto model = std::make_shared<TinyModel>();
  std::promise<void> go;
  model->before_pass = [gone = go.get_future().share()](const at::Tensor&) { gone.wait(); };
  EngineOptions options;
  options.max_running = 1;
  options.max_waiting = 2;
  const auto engine = start_engine({.model = model}, options);
  std::vector<Collected> outputs(4);
  engine->submit(greedy({1}, 2), outputs[0].sink());
  while (model->passes == 0) std::this_thread::yield();
  // What the engine has taken over counts as waiting until the step shows that it runs.
  engine->submit(greedy({1}, 2), outputs[1].sink());
  try {
    engine->submit(greedy({1}, 2), outputs[2].sink());
    engine->submit(greedy({1}, 2), outputs[3].sink());
    FAIL() << "expected QueueFull";
  } catch (const QueueFull& error) {
    EXPECT_GE(error.retry_after_seconds(), 1);
    EXPECT_LE(error.retry_after_seconds(), 60);
  }
  go.set_value();
  EXPECT_EQ(outputs[1].wait().ids.size(), 2U);
}

TEST(Engine, ANumberThatIsNoneEndsThatRequestAlone) {
  const Silence silence;
  const auto model = std::make_shared<TinyModel>();
  const auto good = prompt_of(30, 1);
  const auto expected = defined_continuation(*model, good, 30);
  model->broken_token = 0;
  while (std::ranges::find(good, model->broken_token) != good.end() ||
         std::ranges::find(expected, model->broken_token) != expected.end()) {
    ++model->broken_token;
  }
  const auto engine = start_engine({.model = model});
  Collected broken;
  Collected whole;
  engine->submit(greedy(good, 30), whole.sink());
  engine->submit(greedy({1, model->broken_token}, 5), broken.sink());
  EXPECT_EQ(broken.wait().finish, FinishReason::error);
  EXPECT_EQ(broken.wait().error, "the model's logits are not all numbers");
  EXPECT_EQ(whole.wait().ids, expected);
}

TEST(Engine, GoesOnAfterAStepFails) {
  const Silence silence;
  const auto model = std::make_shared<TinyModel>();
  std::atomic<int> mode = 0;
  model->within_pass = [&](std::int64_t layer, const at::Tensor&) {
    if (layer == 0 && mode == 1) throw Error("the disk is on fire");
    if (layer == 1 && mode == 2) throw std::bad_alloc();
  };
  const auto engine = start_engine({.model = model}, with_pages(10));
  const auto prompt = prompt_of(130, 4);
  const Whole good = generate(*engine, greedy(prompt, 5));
  for (const auto& [failure, text] : {std::pair{1, "the disk is on fire"}, {2, "out of memory"}}) {
    mode = failure;
    const Whole failed = generate(*engine, greedy(prompt, 5));
    EXPECT_EQ(failed.finish, FinishReason::error);
    EXPECT_EQ(failed.error, text);
    mode = 0;
    EXPECT_EQ(generate(*engine, greedy(prompt, 5)).ids, good.ids);
  }
  wait_until_idle(*engine);
  EXPECT_EQ(engine->figures().free_pages, 10);
}

TEST(Engine, RefusesWhatCanNeverRun) {
  const auto engine = start_engine({.model = std::make_shared<TinyModel>(1000)}, with_pages(4));
  const auto refused = [&](Request request) {
    return ::hadal::testing::error_of<InvalidArgument>(
        [&] { engine->submit(std::move(request), [](const Output&) {}); });
  };
  EXPECT_EQ(refused(greedy({}, 1)), "prompt: expected at least one token, got none");
  EXPECT_EQ(refused(greedy({64}, 1)), "prompt: expected token ids from 0 to 63, got 64");
  EXPECT_EQ(refused(greedy({-1}, 1)), "prompt: expected token ids from 0 to 63, got -1");
  EXPECT_EQ(refused(greedy(prompt_of(1000, 1), 1)),
            "prompt: expected fewer than the 1000 tokens of the model's context, got 1000");
  EXPECT_EQ(refused(greedy({1}, 0)), "max_tokens: expected 1 or more, got 0");
  EXPECT_EQ(refused(greedy({1}, 257)),
            "prompt and max_tokens: expected at most the 256 tokens of the KV cache, got 257");
  EXPECT_EQ(refused(greedy({1}, 256)), "no error");
  EXPECT_EQ(refused({.prompt = {1}, .max_tokens = 1, .sampling = {.temperature = std::nan("")}}),
            "temperature: expected a number of 0 or more, got nan");
  Request stopping = greedy({1}, 1);
  stopping.stop = {"a"};
  EXPECT_EQ(refused(stopping), "stop: expected no texts, because this engine has no tokenizer");
  stopping.stop = {""};
  EXPECT_EQ(refused(stopping), "stop: expected texts that are not empty");
  EXPECT_EQ(refused({.prompt = {1}, .max_tokens = 1, .logprobs = 65}),
            "logprobs: expected 0 to 64, got 65");
}

TEST(Engine, RefusesOptionsOutOfRange) {
  const auto refused = [](EngineOptions options, std::vector<std::int64_t> ends = {}) {
    return ::hadal::testing::error_of<InvalidArgument>([&] {
      start_engine({.model = std::make_shared<TinyModel>(), .end_ids = std::move(ends)}, options);
    });
  };
  EXPECT_EQ(refused({.cache_bytes = 1000}),
            "cache_bytes: expected at least 65536, for a page in each layer, got 1000");
  EXPECT_EQ(refused({.max_running = 0}), "engine: max_running: expected 1 or more, got 0");
  EXPECT_EQ(refused({.max_waiting = 0}), "engine: max_waiting: expected 1 or more, got 0");
  EXPECT_EQ(refused({.max_running = 9, .step_tokens = 8}),
            "engine: step_tokens: expected max_running or more, got 8");
  EXPECT_EQ(refused({.sparsity = {.keep = 0}}),
            "engine: keep: expected a number above 0 and up to 1, got 0");
  EXPECT_EQ(refused({}, {64}), "engine: end_ids: expected ids of the vocabulary, got 64");
  EXPECT_THROW(start_engine({}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::draf
