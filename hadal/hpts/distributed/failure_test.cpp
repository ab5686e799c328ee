// What the others are told when a rank dies, stops or falls behind in the middle of a run.
#include "hadal/hpts/distributed/power_sgd.h"
#include "hadal/hpts/distributed/testing.h"

#include <atomic>
#include <csignal>

namespace hadal::hpts {
namespace {

using hadal::testing::outcomes_of_ranks;
using namespace testing;

/// Trains for ever; rank 2 calls `mishap` before its sixth step. The others print what they are
/// told, and how long it took.
template <class Mishap>
void train_until(const Mishap& mishap, std::unique_ptr<GradientHook> hook = all_reduce_hook()) {
  const auto group = test_group(/*timeout_ms=*/3'000);
  seed_aten(1);
  SmallNet net;
  DistributedDataParallel parallel(*net, group, std::move(hook), kSmallBuckets);
  const Batch part = make_batch(6, 1).part(group->rank(), 3);
  auto start = std::chrono::steady_clock::now();
  try {
    for (int step = 0; step < 1'000'000; ++step) {
      if (group->rank() == 2 && step == 5) mishap();
      start = std::chrono::steady_clock::now();
      parallel.forward([&] { return loss_of(net, part); }).backward();
    }
  } catch (const PeerError& error) {
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(error.ranks(), std::vector<int>{2}) << error.what();
    EXPECT_LT(waited.count(), 15);
    std::printf("told: %s\nhint: %s\nafter: %.1f s\n", error.what(), error.hint().c_str(),
                waited.count());
    std::fflush(stdout);
  }
}

void expect_told(const hadal::testing::RankOutcome& outcome, const std::string& text) {
  EXPECT_TRUE(outcome.passed()) << outcome.output;
  EXPECT_FALSE(outcome.late) << "it hung";
  EXPECT_NE(outcome.output.find("of step 5"), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find(text), std::string::npos) << outcome.output;
}

TEST(FailureDistributed, ARankThatIsKilledIsNamed) {
  const auto outcomes =
      outcomes_of_ranks(3, [] { train_until([] { std::raise(SIGKILL); }); }, /*seconds=*/40);
  EXPECT_TRUE(WIFSIGNALED(outcomes[2].status));
  for (int rank = 0; rank < 2; ++rank) {
    expect_told(outcomes[static_cast<std::size_t>(rank)], "rank 2 has been silent for ");
  }
}

TEST(FailureDistributed, ARankThatIsKilledIsNamedWhileBucketsAreInSeveralStages) {
  const auto outcomes = outcomes_of_ranks(
      3,
      [] {
        train_until([] { std::raise(SIGKILL); }, power_sgd_hook({.rank = 2, .dense_steps = 0}));
      },
      /*seconds=*/40);
  for (int rank = 0; rank < 2; ++rank) {
    expect_told(outcomes[static_cast<std::size_t>(rank)], "rank 2 has been silent for ");
  }
}

TEST(FailureDistributed, ARankThatIsStoppedIsNamed) {
  const auto outcomes =
      outcomes_of_ranks(3, [] { train_until([] { std::raise(SIGSTOP); }); }, /*seconds=*/40);
  EXPECT_TRUE(outcomes[2].late);
  for (int rank = 0; rank < 2; ++rank) {
    expect_told(outcomes[static_cast<std::size_t>(rank)], "rank 2 has been silent for ");
  }
}

TEST(FailureDistributed, ARankThatIsBusyElsewhereIsNamed) {
  const auto outcomes = outcomes_of_ranks(
      3, [] { train_until([] { std::this_thread::sleep_for(std::chrono::seconds(5)); }); },
      /*seconds=*/40);
  for (int rank = 0; rank < 2; ++rank) {
    expect_told(outcomes[static_cast<std::size_t>(rank)],
                "rank 2 is alive but has not come to it; it last began gradients of step 4");
  }
}

TEST(FailureDistributed, ARankWhoseProgramEndsIsNamed) {
  const auto outcomes = outcomes_of_ranks(
      3,
      [] {
        try {
          train_until([] { throw std::runtime_error("out of luck"); });
        } catch (const std::runtime_error&) {
        }
      },
      /*seconds=*/40);
  for (int rank = 0; rank < 2; ++rank) {
    expect_told(outcomes[static_cast<std::size_t>(rank)], "rank 2 has left");
  }
}

}  // namespace
}  // namespace hadal::hpts
