#include "hadal/cli/exit_code.h"
#include "hadal/cli/testing/call.h"
#include "hadal/testing/paths.h"

#include <chrono>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace hadal::cli {
namespace {

using hadal::testing::TemporaryFolder;
using testing::call;

std::vector<std::string> shell(int processes, const std::string& script,
                               const std::string& grace = "10") {
  return {"launch", "-n", std::to_string(processes), "--grace", grace, "--", "sh", "-c", script};
}

std::multiset<std::string> lines_of(const std::string& text) {
  std::multiset<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

bool is_alive(pid_t process) { return ::kill(process, 0) == 0; }

/// The number in the file, once it is there.
pid_t pid_in(const std::filesystem::path& file) {
  for (int i = 0; i < 500; ++i) {
    pid_t process = 0;
    if (std::ifstream(file) >> process) return process;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << file << " was not written";
  return 0;
}

bool dies(pid_t process) {
  for (int i = 0; i < 1000 && is_alive(process); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return !is_alive(process);
}

TEST(LaunchDistributed, GivesEachProcessItsRankAndPrefixesItsLines) {
  const auto outcome =
      call(shell(3, "echo $RANK of $WORLD_SIZE, $LOCAL_RANK at $MASTER_ADDR; printf 'no end' >&2"));
  EXPECT_EQ(outcome.status, kDone) << outcome.errors;
  EXPECT_EQ(lines_of(outcome.output),
            (std::multiset<std::string>{"[rank 0] 0 of 3, 0 at 127.0.0.1",
                                        "[rank 1] 1 of 3, 1 at 127.0.0.1",
                                        "[rank 2] 2 of 3, 2 at 127.0.0.1"}));
  EXPECT_EQ(lines_of(outcome.errors),
            (std::multiset<std::string>{"[rank 0] no end", "[rank 1] no end", "[rank 2] no end"}));
}

TEST(LaunchDistributed, TakesAProgramWithOptionsOfItsOwn) {
  for (const auto& before : {std::vector<std::string>{"launch", "-n", "1"},
                             {"launch", "-n", "1", "--"},
                             {"launch", "--grace", "1", "--processes=1", "--"}}) {
    std::vector<std::string> arguments = before;
    arguments.insert(arguments.end(), {"echo", "--grace", "--", "-n", "x"});
    const auto outcome = call(arguments);
    EXPECT_EQ(outcome.status, kDone) << outcome.errors;
    EXPECT_EQ(outcome.output, "[rank 0] --grace -- -n x\n");
  }
}

TEST(LaunchDistributed, EndsAllWhenOneFailsAndTellsWhichAndItsLastLines) {
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = call(shell(
      3, "test $RANK = 1 || exec sleep 60; for i in 1 2 3 4 5 6 7; do echo line $i; done; exit 2"));
  EXPECT_EQ(outcome.status, kUnusable);
  EXPECT_NE(outcome.errors.find("hadal: rank 1 failed: exit code 2\n"
                                "  its last lines:\n"
                                "    line 3\n    line 4\n    line 5\n    line 6\n    line 7\n"),
            std::string::npos)
      << outcome.errors;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(LaunchDistributed, MapsEndingsToItsOwnStatuses) {
  EXPECT_EQ(call(shell(1, "exit 1")).status, kVerdict);
  EXPECT_EQ(call(shell(1, "exit 77")).status, kInternal);
  const auto killed = call(shell(2, "test $RANK = 0 || kill -9 $$; exec sleep 60"));
  EXPECT_EQ(killed.status, kInternal);
  EXPECT_NE(killed.errors.find("hadal: rank 1 failed: signal 9 (Killed)\n"), std::string::npos)
      << killed.errors;
}

TEST(LaunchDistributed, KillsThoseWhoIgnoreTheSignal) {
  const auto outcome = call(
      shell(2, "test $RANK = 0 && sleep 0.3 && exit 3; trap '' TERM; while :; do sleep 0.1; done",
            "0.2"));
  EXPECT_EQ(outcome.status, kInternal);
}

TEST(LaunchDistributed, SaysThatAProgramCannotBeRun) {
  const auto outcome = call({"launch", "-n", "2", "--", "/no/such/program"});
  EXPECT_EQ(outcome.status, kUnusable);
  EXPECT_EQ(outcome.errors,
            "hadal: cannot run /no/such/program: No such file or directory\n"
            "  check the path, and that it may be executed\n");
}

/// `hadal launch` in a process of its own, and what it answers to a signal.
class Launcher {
 public:
  explicit Launcher(const std::string& script) {
    process_ = ::fork();
    if (process_ != 0) return;
    ::alarm(20);
    const auto arguments = shell(2, script, "5");
    std::vector<const char*> pointers{"hadal"};
    for (const auto& argument : arguments) pointers.push_back(argument.c_str());
    ::_exit(run_program(static_cast<int>(pointers.size()), pointers.data()));
  }
  int status_after(int signal) const {
    ::kill(process_, signal);
    int status = 0;
    ::waitpid(process_, &status, 0);
    return status;
  }

 private:
  pid_t process_;
};

TEST(LaunchDistributed, PassesASignalOnAndTakesAProgramsEndForIt) {
  const TemporaryFolder folder;
  const std::string files = (folder / "rank").string();
  const std::string wait = "; echo $$ > " + files + "$RANK; while :; do sleep 0.02; done";
  for (const int signal : {SIGTERM, SIGINT}) {
    const Launcher saves("trap 'exit 0' TERM INT" + wait);
    pid_in(files + "0");
    pid_in(files + "1");
    const int status = saves.status_after(signal);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kDone) << status;
    std::filesystem::remove(files + "0");
    std::filesystem::remove(files + "1");
  }
  const Launcher dies("true" + wait);
  pid_in(files + "0");
  pid_in(files + "1");
  const int status = dies.status_after(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kInterrupted) << status;
}

TEST(LaunchDistributed, LeavesNoProcessWhenItIsKilledItself) {
  const TemporaryFolder folder;
  const std::string files = (folder / "rank").string();
  // Each rank starts a process itself.
  const Launcher launcher("sleep 60 & echo $! > " + files + "child$RANK; echo $$ > " + files +
                          "$RANK; wait");
  std::vector<pid_t> processes;
  for (const char* name : {"0", "1", "child0", "child1"}) processes.push_back(pid_in(files + name));
  for (const pid_t process : processes) EXPECT_TRUE(is_alive(process));
  launcher.status_after(SIGKILL);
  for (const pid_t process : processes) EXPECT_TRUE(dies(process));
}

}  // namespace
}  // namespace hadal::cli
