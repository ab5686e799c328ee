#include "hadal/core/process_group/testing.h"
#include "hadal/core/random.h"
#include "hadal/draf/engine/parallel.h"
#include "hadal/draf/model/llama.h"
#include "hadal/draf/testing/collected.h"
#include "hadal/draf/testing/requests.h"
#include "hadal/draf/testing/small_model.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace hadal::draf {
namespace {

using hadal::testing::outcomes_of_ranks;
using hadal::testing::RankOutcome;

constexpr const char* kRoundVariable = "HADAL_TEST_ROUND";
constexpr int kClients = 3;

/// Ranks and stages of a round, and who is killed when.
struct Round {
  int ranks, stages, victim;
  double seconds;

  explicit Round(std::uint64_t number) {
    Random random(number, "kill");
    constexpr int kShapes[][2] = {{2, 1}, {2, 2}, {4, 2}, {3, 3}};
    const auto& shape = kShapes[number % std::size(kShapes)];
    ranks = shape[0];
    stages = shape[1];
    victim = static_cast<int>(random.between(0, ranks - 1));
    seconds = random.uniform(0, 0.4);
  }
};

Request some_request(std::uint64_t seed) {
  Random random(seed);
  Request request =
      testing::greedy(testing::some_ids(random.between(1, 300)), random.between(1, 40));
  request.ignore_end = true;
  return request;
}

/// Asks for one text after another until the engine refuses; whether each one ended in time.
bool ask_until_refused(Engine& engine, std::uint64_t client) {
  constexpr std::chrono::seconds kHung(20);
  for (std::uint64_t i = 0;; ++i) {
    const auto ended = std::make_shared<std::promise<void>>();
    auto result = ended->get_future();
    try {
      engine.submit(some_request(1000 * client + i), [ended](const Output& output) {
        if (output.finish) ended->set_value();
      });
    } catch (const Error&) {
      return true;
    }
    if (result.wait_for(kHung) != std::future_status::ready) return false;
  }
}

/// Serves a request, then kills the victim while clients ask for more.
void lead(const Round& round, const RankGrid& ranks, EngineParts parts, pid_t victim) {
  const auto engine = lead_engine(std::move(parts), {.cache_bytes = 1 << 22}, ranks, "model");
  const auto whole = testing::generate(*engine, some_request(0));
  ASSERT_EQ(whole.finish, FinishReason::length) << whole.error;
  std::vector<std::future<bool>> clients;
  for (std::uint64_t i = 0; i < kClients; ++i) {
    clients.push_back(
        std::async(std::launch::async, [&engine, i] { return ask_until_refused(*engine, i); }));
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(round.seconds));
  ::kill(victim, SIGKILL);
  for (auto& client : clients) EXPECT_TRUE(client.get()) << "a request hangs";
  const EngineFigures figures = engine->figures();
  EXPECT_TRUE(figures.failed);
  EXPECT_EQ(figures.running + figures.waiting, 0);
  EXPECT_EQ(figures.free_pages, figures.pages);
}

void run_rank(const Round& round) {
  const auto group = init_process_group({.timeout = std::chrono::seconds(3)});
  const RankGrid ranks = arrange(group, round.stages);
  EngineParts parts{.model =
                        make_llama(testing::small_weights(2, true), WeightFormat::fp32, ranks)};
  const auto pids = group->exchange(std::to_string(::getpid()), "process numbers");
  const auto victim = std::stoi(pids[static_cast<std::size_t>(round.victim)]);
  if (group->rank() == 0) return lead(round, ranks, std::move(parts), victim);
  EXPECT_THROW(follow_engine(std::move(parts), {.cache_bytes = 1 << 22}, ranks, "model"), Error);
}

/// Kills a rank under load. Each round is the group that is started again after the one before.
void check_round(std::uint64_t number) {
  ::setenv(kRoundVariable, std::to_string(number).c_str(), 1);
  const Round round(number);
  const auto outcomes = outcomes_of_ranks(round.ranks, [&] { run_rank(round); });
  for (int rank = 0; rank < round.ranks; ++rank) {
    const RankOutcome& outcome = outcomes[static_cast<std::size_t>(rank)];
    const bool as_expected =
        rank == round.victim ? WIFSIGNALED(outcome.status) && !outcome.late : outcome.passed();
    EXPECT_TRUE(as_expected) << "round " << number << ", rank " << rank << " of " << round.ranks
                             << " in " << round.stages << " stages, rank " << round.victim
                             << " killed after " << round.seconds << " s: status " << outcome.status
                             << (outcome.late ? ", hung" : "") << '\n'
                             << outcome.output;
  }
}

/// HADAL_TEST_KILLS says how many; few where it is unset, because each takes some seconds.
TEST(EngineDistributed, SurvivesKillsAtRandomMomentsUnderLoad) {
  if (const char* round = std::getenv(kRoundVariable)) return check_round(std::stoull(round));
  const char* kills = std::getenv("HADAL_TEST_KILLS");
  const std::uint64_t count = kills ? std::stoull(kills) : 4;
  for (std::uint64_t number = 0; number < count; ++number) check_round(number);
}

}  // namespace
}  // namespace hadal::draf
