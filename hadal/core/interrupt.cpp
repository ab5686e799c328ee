#include "hadal/core/interrupt.h"

#include "hadal/core/error.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>

namespace hadal {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM};

std::atomic<int> noted{0};  // the signal, 0 for none
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may not wait for a lock");

int guards = 0;
std::array<struct sigaction, kSignals.size()> before{};

/// May call only what is safe in a signal handler.
void note(int signal) {
  if (noted.exchange(signal) == 0) return;
  // The user insists. The signal is blocked in its handler, so it arrives when this returns.
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  if (guards++ > 0) return;
  noted = 0;
  struct sigaction action{};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;  // code that does not know of us need not handle EINTR
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  if (--guards > 0) return;
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before[i], nullptr);
  noted = 0;
}

bool interrupted() { return noted != 0; }

int interrupting_signal() { return noted; }

void check_interrupt() {
  const int signal = noted;
  if (signal != 0)
    throw Interrupted(signal == SIGTERM ? "stopped by SIGTERM" : "stopped by Ctrl-C");
}

}  // namespace hadal
