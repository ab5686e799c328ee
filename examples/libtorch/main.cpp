// Trains a small GPT on made-up stories, then compares dense with sparse attention: the loss on a
// story that it has not seen, and the time of a longer one.
//
//   gpt [STEPS [KEEP]]
#include "gpt.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

#include <hadal/dao/select/selector.h>
#include <hadal/data/generate/text.h>

namespace {

constexpr int64_t kTrainedOn = 2048;  // tokens, which are bytes
constexpr int64_t kTimedAt = 8192;

torch::Tensor story(int64_t bytes, uint64_t seed) {
  const std::string text = hadal::data::generate_text(static_cast<std::size_t>(bytes), seed);
  return torch::tensor(std::vector<uint8_t>(text.begin(), text.end())).to(torch::kLong);
}

torch::Tensor loss_of(Gpt& gpt, const torch::Tensor& bytes) {
  const auto logits = gpt(bytes.slice(0, 0, -1).unsqueeze(0));
  return torch::cross_entropy_loss(logits[0], bytes.slice(0, 1));
}

void train(Gpt& gpt, int64_t steps) {
  torch::optim::AdamW optimizer(gpt->parameters(), torch::optim::AdamWOptions(2e-3));
  for (int64_t step = 1; step <= steps; ++step) {
    optimizer.zero_grad();
    const auto loss = loss_of(gpt, story(kTrainedOn + 1, static_cast<uint64_t>(step)));
    loss.backward();
    optimizer.step();
    if (step % 20 == 0 || step == steps) {
      std::printf("step %lld: loss %.3f\n", static_cast<long long>(step), loss.item<double>());
    }
  }
}

/// All that a user adds: each layer computes the share `keep` of its attention from here on. The
/// guard would have a layer computed densely that leaves out more than its bound. The attention of
/// a GPT that has learned for a moment is everywhere, so here the guard only reports.
void make_sparse(Gpt& gpt, double keep) {
  const auto selector = std::make_shared<hadal::dao::PooledTopK>(hadal::dao::Budget{.keep = keep});
  for (auto& block : gpt->blocks) {
    block->attention->sparse = std::make_shared<hadal::dao::SparseAttention>(
        selector, hadal::dao::SparseAttentionOptions{.guard = {.bound = 1}});
  }
}

void make_dense(Gpt& gpt) {
  for (auto& block : gpt->blocks) block->attention->sparse.reset();
}

double milliseconds(Gpt& gpt, const torch::Tensor& bytes) {
  const auto start = std::chrono::steady_clock::now();
  gpt(bytes.unsqueeze(0));
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

/// The least time of dense and of sparse attention over rounds that alternate.
std::pair<double, double> times(Gpt& gpt, double keep) {
  const auto bytes = story(kTimedAt, 0);
  double dense = 1e300, sparse = 1e300;
  for (int round = 0; round < 3; ++round) {
    make_dense(gpt);
    dense = std::min(dense, milliseconds(gpt, bytes));
    make_sparse(gpt, keep);
    sparse = std::min(sparse, milliseconds(gpt, bytes));
  }
  return {dense, sparse};
}

void compare(Gpt& gpt, double keep) {
  const torch::NoGradGuard no_grad;
  const auto unseen = story(kTrainedOn + 1, 1u << 20);
  make_dense(gpt);
  const auto logits = gpt(unseen.unsqueeze(0));
  std::printf("loss, dense            %.4f\n", loss_of(gpt, unseen).item<double>());
  make_sparse(gpt, 1);
  const auto error = (gpt(unseen.unsqueeze(0)) - logits).abs().max().item<double>();
  std::printf("logits at keep 1       within %.1e of dense\n", error);
  if (!(error < 1e-3)) throw std::runtime_error("keep 1 should be dense attention");
  make_sparse(gpt, keep);
  std::printf("loss at keep %.2f      %.4f\n", keep, loss_of(gpt, unseen).item<double>());
  for (const auto& block : gpt->blocks) {
    const auto report = block->attention->sparse->report();
    std::printf("  a layer leaves out   %.1f %% of its attention\n",
                100 * report.mean_missing_mass);
  }
  const auto [dense, sparse] = times(gpt, keep);
  std::printf("%lld tokens, dense     %.0f ms\n", static_cast<long long>(kTimedAt), dense);
  std::printf("%lld tokens, sparse    %.0f ms\n", static_cast<long long>(kTimedAt), sparse);
}

}  // namespace

int main(int count, char** arguments) try {
  const int64_t steps = count > 1 ? std::atoll(arguments[1]) : 100;
  const double keep = count > 2 ? std::atof(arguments[2]) : 0.3;
  torch::manual_seed(0);
  Gpt gpt(/*layers=*/2, /*dim=*/128, /*heads=*/2);
  train(gpt, steps);
  compare(gpt, keep);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
