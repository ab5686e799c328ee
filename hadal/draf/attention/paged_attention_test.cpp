#include "hadal/draf/attention/paged_attention.h"

#include "hadal/core/log.h"
#include "hadal/dao/decode/decode.h"
#include "hadal/draf/testing/collected.h"
#include "hadal/draf/testing/tiny_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

using testing::TinyModel;
using testing::Whole;

constexpr std::int64_t kPrompt = 1500;

struct Silence {
  Silence() {
    set_log_sink([](LogLevel, std::string_view) {});
  }
  ~Silence() { set_log_sink({}); }
};

struct RunResult {
  Whole whole;
  EngineFigures figures;
};

RunResult run(const SparsityOptions& sparsity, std::int64_t step_tokens = 512) {
  const auto engine = start_engine({.model = std::make_shared<TinyModel>()},
                                   {.step_tokens = step_tokens, .sparsity = sparsity});
  Random random(3);
  Request request{.prompt = {}, .max_tokens = 150, .sampling = {.temperature = 0}};
  for (std::int64_t i = 0; i < kPrompt; ++i) request.prompt.push_back(random.between(0, 63));
  const Whole whole = testing::generate(*engine, request);
  return {whole, engine->figures()};
}

TEST(SparseEngine, LooksAtTheShareThatItIsAskedTo) {
  const RunResult dense = run({});
  EXPECT_EQ(dense.figures.kept, 1);
  EXPECT_EQ(dense.figures.attention_flops, dense.figures.dense_attention_flops);
  // 4 head_dim a pair, in 4 heads of 2 layers.
  const double pairs = 0.5 * (kPrompt + 149) * (kPrompt + 150);
  EXPECT_NEAR(dense.figures.dense_attention_flops, 4.0 * 8 * 4 * 2 * pairs,
              1e-3 * dense.figures.dense_attention_flops);
  const RunResult sparse =
      run({.mode = dao::Mode::sparse, .keep = 0.5, .dense_below = 0, .guard = {.bound = 1}});
  EXPECT_LT(sparse.figures.kept, 0.62);
  EXPECT_GT(sparse.figures.kept, 0.45);
  EXPECT_LT(sparse.figures.attention_flops, 0.75 * dense.figures.attention_flops);
  EXPECT_GT(sparse.figures.missing_mass, 0.01);
}

TEST(SparseEngine, KeepingAllIsDense) {
  EXPECT_EQ(run({.mode = dao::Mode::sparse, .keep = 1, .dense_below = 0}).whole.ids,
            run({}).whole.ids);
}

TEST(SparseEngine, IsDenseBelowItsBound) {
  const RunResult short_run = run({.mode = dao::Mode::sparse, .keep = 0.1, .dense_below = 5000});
  EXPECT_EQ(short_run.whole.ids, run({}).whole.ids);
  EXPECT_EQ(short_run.figures.kept, 1);
}

TEST(SparseEngine, InShadowGivesDenseOutputAndTellsWhatWouldBeMissing) {
  const RunResult shadow = run({.mode = dao::Mode::shadow, .keep = 0.3, .dense_below = 0});
  EXPECT_EQ(shadow.whole.ids, run({}).whole.ids);
  EXPECT_LT(shadow.figures.kept, 0.5);
  EXPECT_GT(shadow.figures.missing_mass, 0.01);
}

TEST(SparseEngine, AsCanaryIsSparseForAShareOfTheRequests) {
  const RunResult none =
      run({.mode = dao::Mode::canary, .keep = 0.3, .dense_below = 0, .canary_share = 1e-9});
  EXPECT_EQ(none.figures.kept, 1);
  const RunResult all = run({.mode = dao::Mode::canary,
                             .keep = 0.3,
                             .dense_below = 0,
                             .canary_share = 1,
                             .guard = {.bound = 1}});
  EXPECT_LT(all.figures.kept, 0.5);
  EXPECT_NE(all.whole.ids, none.whole.ids);
}

TEST(SparseEngine, FallsBackWhereTooMuchIsMissing) {
  const Silence silence;
  const RunResult guarded = run({.mode = dao::Mode::sparse,
                                 .keep = 0.1,
                                 .dense_below = 0,
                                 .guard = {.bound = 1e-6, .cooldown = 100'000}});
  // The first part of the prompt is short enough to be kept whole; later steps measure.
  EXPECT_EQ(guarded.figures.kept, 1);
  EXPECT_EQ(guarded.whole.ids, run({}).whole.ids);
}

TEST(PagedAttention, LayersWithAWindowSeeThatMuch) {
  ModelShape shape = TinyModel().shape();
  shape.windows = {0, 100};
  SequenceCache cache(cache_options(shape, {}));
  PagedAttention attention(shape, {.mode = dao::Mode::sparse, .dense_below = 0}, cache);
  const std::vector<std::int64_t> tokens(300);
  const auto id = cache.begin(tokens).id;
  const auto x = [](std::int64_t heads) { return at::randn({300, heads, 8}); };
  const at::Tensor query = x(4);
  const at::Tensor key = x(2);
  const at::Tensor value = x(2);
  const std::vector<SequenceGroup> groups{{.sequences = {id}, .tokens = 300, .sparse = false}};
  const at::Tensor whole = attention(0, groups, query, key, value);
  const at::Tensor windowed = attention(1, groups, query, key, value);
  EXPECT_TRUE(at::equal(whole.narrow(0, 0, 64), windowed.narrow(0, 0, 64)));
  EXPECT_FALSE(at::equal(whole.narrow(0, 200, 100), windowed.narrow(0, 200, 100)));
  const auto names = cache.in_layer(1, groups[0].sequences);
  EXPECT_TRUE(at::equal(windowed, dao::decode(query.unsqueeze(0).transpose(1, 2), cache.layer(1),
                                              names, {.window = 100})
                                      .output[0]
                                      .transpose(0, 1)));
  const double pairs = 300 * 301 / 2.0 + 100 * 101 / 2.0 + 200 * 100;
  EXPECT_EQ(attention.work().visible, 4.0 * 8 * 4 * pairs);
}

}  // namespace
}  // namespace hadal::draf
