#pragma once

#include "hadal/core/error.h"
#include "hadal/core/process_group/key_store.h"
#include "hadal/testing/paths.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/// Tests of several processes: a test starts its own program again, as each rank.
namespace hadal::testing {

struct RankOutcome {
  int status = 0;      ///< as waitpid() gives it
  bool late = false;   ///< it had to be killed: it took too long, or was stopped for good
  double seconds = 0;  ///< until it ended
  std::string output;  ///< standard output and standard error
  bool passed() const { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }
};

namespace processes_detail {

inline constexpr const char* kMark = "HADAL_TEST_RANK";

inline std::string test_name() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  return concat(info->test_suite_name(), ".", info->name());
}

/// Starts this program as a rank of the current test, with `variables` added to the environment.
inline pid_t start(std::map<std::string, std::string> variables, const std::string& output) {
  for (char** item = environ; *item; ++item) {
    const std::string text = *item;
    variables.try_emplace(text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
  }
  std::vector<std::string> texts;
  for (const auto& [name, value] : variables) texts.push_back(concat(name, "=", value));
  std::vector<char*> environment;
  for (std::string& text : texts) environment.push_back(text.data());
  environment.push_back(nullptr);
  std::string program = "/proc/self/exe", filter = concat("--gtest_filter=", test_name());
  std::vector<char*> arguments{program.data(), filter.data(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(),
                                  environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(error, 0) << std::strerror(error);
  return child;
}

/// Waits for the children until `seconds` have passed, or all that are left are stopped, and kills
/// those that are left.
inline void collect(const std::vector<pid_t>& children, double seconds,
                    std::vector<RankOutcome>& outcomes) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  std::vector<bool> ended(children.size()), stopped(children.size());
  for (std::size_t left = children.size(); left > 0;) {
    const bool over =
        std::count(stopped.begin(), stopped.end(), true) == static_cast<std::ptrdiff_t>(left);
    const double passed = std::chrono::duration<double>(Clock::now() - start).count();
    for (std::size_t i = 0; i < children.size(); ++i) {
      if (ended[i]) continue;
      if (over || passed > seconds) {
        ::kill(children[i], SIGKILL);
        outcomes[i].late = true;
      }
      const int flags = outcomes[i].late ? 0 : WNOHANG | WUNTRACED;
      if (::waitpid(children[i], &outcomes[i].status, flags) == 0) continue;
      stopped[i] = WIFSTOPPED(outcomes[i].status);
      if (stopped[i]) continue;
      outcomes[i].seconds = passed;
      ended[i] = true;
      --left;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace processes_detail

/// Runs `body` as each of `count` ranks of one job, and returns what became of them. In those
/// processes it does not return: they end with the test's failure or success. The variables of
/// init_process_group() are set, and this process hosts the store. Ranks that have not ended after
/// `seconds` are killed.
template <class Body>
std::vector<RankOutcome> outcomes_of_ranks(int count, const Body& body, double seconds = 60) {
  namespace detail = processes_detail;
  if (std::getenv(detail::kMark)) {
    try {
      body();
    } catch (const Error& error) {
      ADD_FAILURE() << error.what() << '\n' << error.hint();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    std::fflush(nullptr);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  const TemporaryFolder folder;
  const KeyStore store = KeyStore::host(0, std::chrono::seconds(60));
  std::vector<pid_t> children;
  const auto output = [&](int rank) { return (folder / std::to_string(rank)).string(); };
  for (int rank = 0; rank < count; ++rank) {
    children.push_back(detail::start({{detail::kMark, "1"},
                                      {"RANK", std::to_string(rank)},
                                      {"LOCAL_RANK", std::to_string(rank)},
                                      {"WORLD_SIZE", std::to_string(count)},
                                      {"MASTER_ADDR", "127.0.0.1"},
                                      {"MASTER_PORT", std::to_string(store.port())},
                                      {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                                      {"GLOO_SOCKET_IFNAME", "lo"},
                                      {"OMP_NUM_THREADS", "1"}},
                                     output(rank)));
  }
  std::vector<RankOutcome> outcomes(children.size());
  detail::collect(children, seconds, outcomes);
  for (int rank = 0; rank < count; ++rank) {
    std::stringstream text;
    text << std::ifstream(output(rank)).rdbuf();
    outcomes[static_cast<std::size_t>(rank)].output = text.str();
  }
  return outcomes;
}

/// The same where all ranks have to pass.
template <class Body>
void run_ranks(int count, const Body& body) {
  const auto outcomes = outcomes_of_ranks(count, body);
  for (std::size_t rank = 0; rank < outcomes.size(); ++rank) {
    EXPECT_TRUE(outcomes[rank].passed())
        << "rank " << rank << " ended with status " << outcomes[rank].status
        << (outcomes[rank].late ? ", killed as it took too long" : "") << ":\n"
        << outcomes[rank].output;
  }
}

}  // namespace hadal::testing
