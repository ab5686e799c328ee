#include "hadal/cli/launch/ranks.h"

#include "hadal/cli/exit_code.h"
#include "hadal/cli/launch/child.h"
#include "hadal/cli/launch/guardian.h"
#include "hadal/cli/launch/lines.h"
#include "hadal/core/error.h"
#include "hadal/core/interrupt.h"
#include "hadal/core/process_group/key_store.h"
#include "hadal/core/system.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <memory>
#include <optional>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hadal::cli {
namespace {

using Clock = std::chrono::steady_clock;

// How soon a signal to us is passed on.
constexpr int kPollMilliseconds = 100;
constexpr std::chrono::seconds kStoreTimeout(60);

struct Rank {
  Rank(int a_number, Child a_child, Guardian& a_guardian)
      : number(a_number),
        child(a_child),
        guardian(a_guardian),
        output(concat("[rank ", number, "] "), stdout, last),
        errors(concat("[rank ", number, "] "), stderr, last) {
    guardian.watch(child.pid);
  }
  ~Rank() {
    if (running()) {
      ::kill(-child.pid, SIGKILL);
      ::waitpid(child.pid, nullptr, 0);
      guardian.forget(child.pid);
    }
    for (const int descriptor : {child.process, child.output, child.errors}) {
      if (descriptor >= 0) ::close(descriptor);
    }
  }
  Rank(const Rank&) = delete;
  Rank& operator=(const Rank&) = delete;

  bool running() const { return !status; }

  int number;
  Child child;
  Guardian& guardian;
  std::deque<std::string> last;
  Lines output;
  Lines errors;
  std::optional<int> status;  // of waitpid()
};

using Ranks = std::vector<std::unique_ptr<Rank>>;

std::vector<std::string> variables_of(int rank, const LaunchOptions& options, int port) {
  std::vector<std::string> variables{
      concat("RANK=", rank),
      concat("LOCAL_RANK=", rank),
      concat("WORLD_SIZE=", options.processes),
      concat("LOCAL_WORLD_SIZE=", options.processes),
      "MASTER_ADDR=127.0.0.1",
      concat("MASTER_PORT=", port),
      "TORCHELASTIC_USE_AGENT_STORE=True",
  };
  // Processes that each use all cores would wait for one another.
  if (!std::getenv("OMP_NUM_THREADS")) {
    variables.push_back(
        concat("OMP_NUM_THREADS=", std::max(1, system_info().physical_cores / options.processes)));
  }
  if (!std::getenv("GLOO_SOCKET_IFNAME")) variables.push_back("GLOO_SOCKET_IFNAME=lo");
  return variables;
}

void signal_all(const Ranks& ranks, int signal) {
  for (const auto& rank : ranks) {
    if (rank->running()) ::kill(-rank->child.pid, signal);
  }
}

/// Waits for output and endings, and passes output on.
void serve(Ranks& ranks) {
  std::vector<pollfd> watched;
  for (const auto& rank : ranks) {
    const Child& child = rank->child;
    for (const int descriptor :
         {child.output, child.errors, rank->running() ? child.process : -1}) {
      watched.push_back({descriptor, POLLIN, 0});
    }
  }
  if (::poll(watched.data(), watched.size(), kPollMilliseconds) < 0 && errno != EINTR) {
    throw IoError("cannot wait for processes");
  }
  for (const auto& rank : ranks) {
    Child& child = rank->child;
    const auto pass_on = [](int& descriptor, Lines& lines) {
      if (descriptor < 0 || lines.read(descriptor)) return;
      lines.finish();
      ::close(std::exchange(descriptor, -1));
    };
    pass_on(child.output, rank->output);
    pass_on(child.errors, rank->errors);
    int status = 0;
    if (rank->running() && ::waitpid(child.pid, &status, WNOHANG) == child.pid) {
      rank->status = status;
      // What it started and left behind.
      ::kill(-child.pid, SIGKILL);
      rank->guardian.forget(child.pid);
      pass_on(child.output, rank->output);
      pass_on(child.errors, rank->errors);
    }
  }
}

/// One of the program's own statuses where `status` is one.
int mapped(int status) {
  if (!WIFEXITED(status)) return kInternal;
  const int code = WEXITSTATUS(status);
  const bool ours = code == kDone || code == kVerdict || code == kUnusable || code == kInterrupted;
  return ours ? code : kInternal;
}

void tell(const Rank& rank) {
  std::string text =
      concat("hadal: rank ", rank.number, " failed: ", ending_of(*rank.status), '\n');
  if (!rank.last.empty()) text += "  its last lines:\n";
  for (const std::string& line : rank.last) text += concat("    ", line, '\n');
  std::cerr << text;
}

bool any_running(const Ranks& ranks) {
  return std::ranges::any_of(ranks, [](const auto& rank) { return rank->running(); });
}

/// Runs until all have ended; the rank that failed first, without having been told to end, or null.
const Rank* run(Ranks& ranks, const LaunchOptions& options) {
  const Rank* failed = nullptr;
  bool passed_on = false;
  std::optional<Clock::time_point> end;  // of the patience
  while (any_running(ranks)) {
    serve(ranks);
    if (!passed_on && interrupted()) {
      passed_on = true;
      signal_all(ranks, interrupting_signal());
      end = Clock::now() + options.grace;
    }
    if (!failed && !passed_on) {
      const auto found = std::ranges::find_if(
          ranks, [](const auto& rank) { return rank->status.value_or(0) != 0; });
      if (found != ranks.end()) {
        failed = found->get();
        tell(*failed);
        signal_all(ranks, SIGTERM);
        end = Clock::now() + options.grace;
      }
    }
    if (end && Clock::now() > *end) signal_all(ranks, SIGKILL);
  }
  return failed;
}

}  // namespace

int launch(const LaunchOptions& options) {
  Guardian guardian;
  const KeyStore store = KeyStore::host(0, kStoreTimeout);
  const InterruptGuard interrupt_guard;
  Ranks ranks;
  for (int rank = 0; rank < options.processes; ++rank) {
    ranks.push_back(std::make_unique<Rank>(
        rank, start_child(options.command, variables_of(rank, options, store.port())), guardian));
  }
  const Rank* failed = run(ranks, options);
  if (failed) return mapped(*failed->status);
  // Only signals that were passed on can have ended one, or all have ended well.
  const auto ended =
      std::ranges::find_if(ranks, [](const auto& rank) { return *rank->status != 0; });
  if (ended == ranks.end()) return kDone;
  return interrupted() ? kInterrupted : mapped(*(*ended)->status);
}

}  // namespace hadal::cli
