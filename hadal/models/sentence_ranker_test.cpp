#include "hadal/models/sentence_ranker.h"

#include "hadal/models/state.h"
#include "hadal/models/test_support.h"
#include "hadal/models/train.h"

#include <cmath>
#include <limits>

#include <ATen/ops/arange.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

namespace hadal::models {
namespace {

using hadal::models::testing::error_of;
using testing::contains;
using testing::max_difference;
using testing::randomize;

constexpr SentenceRankerOptions kTiny{.vocabulary = 13,
                                      .dim = 12,
                                      .layers = 2,
                                      .heads = 3,
                                      .hidden = 10,
                                      .positions = 3,
                                      .dropout = 0.5};

/// A tiny model in use, with weights so large that no part of it is nearly linear.
SentenceRanker tiny_model(SentenceRankerOptions options = kTiny) {
  SentenceRanker model(options);
  randomize(*model, 0.5);
  model->to(at::kDouble);
  model->eval();
  return model;
}

at::Tensor nothing(const at::Tensor&, const at::Tensor&, const at::Tensor& value, std::int64_t) {
  return value * 0;
}

TokenizedDocument document_of(std::vector<std::int64_t> ids, std::vector<std::int64_t> sentences) {
  return {at::tensor(ids, at::kLong), at::tensor(sentences, at::kLong)};
}

TokenizedDocument five_sentences() {
  return document_of({1, 2, 3, 4, 5, 6, 7, 1, 9, 10, 11}, {0, 0, 0, 1, 2, 2, 2, 2, 3, 4, 4});
}

TEST(SentenceRanker, ScoresEachSentence) {
  EXPECT_EQ(tiny_model()->forward(five_sentences()).sizes(), (at::IntArrayRef{5}));
  EXPECT_EQ(tiny_model()->forward(document_of({3}, {0})).sizes(), (at::IntArrayRef{1}));
}

TEST(SentenceRanker, LetsEachWordReachEachSentence) {
  SentenceRanker model = tiny_model();
  const TokenizedDocument document = five_sentences();
  const at::Tensor before = model->forward(document);
  for (const std::int64_t word : {0, 5, 10}) {
    TokenizedDocument other{document.ids.clone(), document.sentences};
    other.ids[word].fill_(12);
    EXPECT_GT((model->forward(other) - before).abs().min().item<double>(), 1e-6) << word;
  }
}

TEST(SentenceRanker, TakesTheAttentionThatItIsGiven) {
  SentenceRanker model = tiny_model();
  std::vector<std::int64_t> layers;
  // softmax(q k^T / sqrt(d)) v, in so many words.
  const auto by_hand = [&](const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                           std::int64_t layer) {
    layers.push_back(layer);
    EXPECT_EQ(query.sizes(), (at::IntArrayRef{1, 3, 11, 4}));
    const at::Tensor scores = at::matmul(query, key.transpose(-1, -2)) / std::sqrt(4.0);
    return at::matmul(at::softmax(scores, -1), value);
  };
  const at::Tensor scores = model->forward(five_sentences(), by_hand);
  EXPECT_EQ(layers, (std::vector<std::int64_t>{0, 1}));
  EXPECT_LT(max_difference(scores, model->forward(five_sentences())), 1e-12);
  EXPECT_GT(max_difference(scores, model->forward(five_sentences(), nothing)), 1e-3);
}

TEST(SentenceRanker, WithoutAttentionSeesEachSentenceByItself) {
  SentenceRanker model = tiny_model();
  const at::Tensor whole = model->forward(five_sentences(), nothing);
  const at::Tensor first = model->forward(document_of({1, 2, 3}, {0, 0, 0}), nothing);
  EXPECT_LT(max_difference(whole.slice(0, 0, 1), first), 1e-12);
}

TEST(SentenceRanker, IsLedByThePlaceAtFirst) {
  at::manual_seed(1);
  SentenceRanker model(SentenceRankerOptions{.vocabulary = 100});
  model->eval();
  const at::Tensor ids = at::randint(100, {200}, at::kLong);
  const at::Tensor sentences = at::arange(200).div(20, "floor");
  const at::Tensor scores = model->forward({ids, sentences});
  EXPECT_GT(scores[0].item<double>(), scores[4].item<double>() + 0.5);
}

TEST(SentenceRanker, LearnsWhichWordsMatter) {
  constexpr std::int64_t kDocuments = 40;
  at::manual_seed(5);
  SentenceRanker model(SentenceRankerOptions{.vocabulary = 50, .dim = 32, .hidden = 32});
  std::vector<TokenizedDocument> documents;
  std::vector<std::int64_t> answers;
  for (std::int64_t i = 0; i < kDocuments; ++i) {
    // Word 0 is in one of six sentences of five words, which is the one to find.
    at::Tensor ids = at::randint(1, 50, {30}, at::kLong);
    answers.push_back(i % 6);
    ids[answers.back() * 5 + i % 5].fill_(0);
    documents.push_back({ids, at::arange(30).div(5, "floor")});
  }
  const auto right = [&](std::int64_t first) {
    int count = 0;
    for (std::size_t i = static_cast<std::size_t>(first); i < documents.size(); ++i) {
      count += model->forward(documents[i]).argmax().item<std::int64_t>() == answers[i];
    }
    return count;
  };
  const auto loss = [&](const at::Tensor& indices) {
    at::Tensor sum = at::zeros({});
    for (std::int64_t i = 0; i < indices.size(0); ++i) {
      const auto which = static_cast<std::size_t>(indices[i].item<std::int64_t>());
      sum = sum - at::log_softmax(model->forward(documents[which]), 0)[answers[which]];
    }
    return sum / indices.size(0);
  };
  const at::Tensor words = state(*model).at("words.weight").clone();
  train(model->parameters(), 28, loss, {.epochs = 8, .batch = 4, .learning_rate = 2e-2});
  model->eval();
  EXPECT_GE(right(28), 9);  // of 12 that it has not seen
  EXPECT_EQ(max_difference(words, state(*model).at("words.weight")), 0);
}

TEST(SentenceRanker, RefusesDocumentsThatItCannotTake) {
  SentenceRanker model(kTiny);
  const auto refusal = [&](const TokenizedDocument& document) {
    return error_of([&] { model->forward(document); });
  };
  const auto refused = [&](std::vector<std::int64_t> ids, std::vector<std::int64_t> sentences) {
    return refusal(document_of(std::move(ids), std::move(sentences)));
  };
  EXPECT_TRUE(contains(refusal({}), "undefined"));
  EXPECT_TRUE(contains(refused({}, {}), "got Long [0]"));
  EXPECT_TRUE(contains(refused({1, 2}, {0}), "sentences: expected Long [2], got Long [1]"));
  EXPECT_TRUE(contains(refusal({at::tensor({1.5}), at::tensor({0}, at::kLong)}), "ids: expected"));
  EXPECT_TRUE(contains(refused({-1}, {0}), "ids from 0 to 12, got -1"));
  EXPECT_TRUE(contains(refused({13}, {0}), "ids from 0 to 12, got 13"));
  EXPECT_TRUE(contains(refused({1}, {1}), "first token in sentence 0, got 1"));
  EXPECT_TRUE(contains(refused({1, 2}, {0, 2}), "the one before it or the next, got 2"));
  EXPECT_TRUE(contains(refused({1, 2, 3}, {0, 1, 0}), "the one before it or the next, got -1"));
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  EXPECT_TRUE(contains(refused({1, 2}, {0, kLeast}), "the one before it or the next, got "));
}

TEST(SentenceRanker, RefusesAttentionOfAnotherShape) {
  SentenceRanker model(kTiny);
  const auto half = [](const at::Tensor&, const at::Tensor&, const at::Tensor& value,
                       std::int64_t) { return value.slice(3, 0, 2); };
  EXPECT_TRUE(contains(error_of([&] { model->forward(five_sentences(), half); }),
                       "the result of attention: expected Float [1, 3, 11, 4], got Float"));
}

template <class T>
std::string refusal_with(T SentenceRankerOptions::* member, T value) {
  SentenceRankerOptions options = kTiny;
  options.*member = value;
  return error_of([&] { SentenceRanker{options}; });
}

TEST(SentenceRanker, RefusesOptionsThatAreNoModel) {
  using Options = SentenceRankerOptions;
  EXPECT_TRUE(contains(refusal_with(&Options::vocabulary, {0}), "a positive vocabulary, got 0"));
  EXPECT_TRUE(contains(refusal_with(&Options::dim, {-1}), "a positive dim, got -1"));
  EXPECT_TRUE(contains(refusal_with(&Options::dim, {13}), "the 3 heads, got 13"));
  EXPECT_TRUE(contains(refusal_with(&Options::layers, {0}), "a positive number of layers"));
  EXPECT_TRUE(contains(refusal_with(&Options::heads, {0}), "a positive number of heads"));
  EXPECT_TRUE(contains(refusal_with(&Options::hidden, {0}), "a positive hidden width"));
  EXPECT_TRUE(contains(refusal_with(&Options::positions, {0}), "a positive number of positions"));
  for (const double value : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_TRUE(contains(refusal_with(&Options::dropout, {value}), concat(value)));
  }
}

}  // namespace
}  // namespace hadal::models
