#pragma once

namespace hadal {

/// While one lives, SIGINT (Ctrl-C) and SIGTERM do not kill the process: they are noted, for loops
/// to poll with check_interrupt(). A second signal kills as usual. A signal that the process was
/// started to ignore (nohup) stays ignored. Guards nest; the end of the outermost forgets the
/// signal. Make and end guards in one thread, the main one as a rule.
class InterruptGuard {
 public:
  InterruptGuard();
  /// Restores the handlers that were there before.
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

/// Whether a signal has come since the outermost guard began. May be called from any thread.
bool interrupted();
/// That signal, or 0.
int interrupting_signal();
/// Throws Interrupted, naming the signal, where interrupted().
void check_interrupt();

}  // namespace hadal
