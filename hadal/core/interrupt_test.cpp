#include "hadal/core/interrupt.h"

#include "hadal/core/error.h"

#include <csignal>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hadal {
namespace {

template <class Action>
int status_of_child(Action action) {
  const pid_t child = ::fork();
  if (child == 0) {
    action();
    ::_exit(0);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

bool killed_by(int status, int signal) { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }

std::string message() {
  try {
    check_interrupt();
    return "";
  } catch (const Interrupted& error) {
    return error.what();
  }
}

TEST(InterruptGuard, NotesASignalInsteadOfDying) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const InterruptGuard guard;
    EXPECT_FALSE(interrupted());
    EXPECT_NO_THROW(check_interrupt());
    std::raise(signal);
    EXPECT_TRUE(interrupted());
    EXPECT_EQ(message(), signal == SIGINT ? "stopped by Ctrl-C" : "stopped by SIGTERM");
    EXPECT_TRUE(interrupted()) << "it stays noted, so that every loop on the way out sees it";
  }
}

TEST(InterruptGuard, ForgetsTheSignalAtItsEnd) {
  {
    const InterruptGuard guard;
    std::raise(SIGINT);
  }
  EXPECT_FALSE(interrupted());
  const InterruptGuard next;
  EXPECT_FALSE(interrupted());
}

TEST(InterruptGuard, InnerGuardsLeaveTheSignalToTheOuter) {
  const InterruptGuard outer;
  {
    const InterruptGuard inner;
    std::raise(SIGINT);
  }
  EXPECT_TRUE(interrupted());
  const InterruptGuard another;
  EXPECT_TRUE(interrupted());
}

int calls_of_old_handler = 0;

TEST(InterruptGuard, RestoresTheOldHandler) {
  struct sigaction old{};
  old.sa_handler = [](int) { ++calls_of_old_handler; };
  struct sigaction original{};
  ::sigaction(SIGINT, &old, &original);
  {
    const InterruptGuard guard;
    std::raise(SIGINT);
    EXPECT_EQ(calls_of_old_handler, 0);
  }
  std::raise(SIGINT);
  EXPECT_EQ(calls_of_old_handler, 1);
  ::sigaction(SIGINT, &original, nullptr);
}

TEST(InterruptGuard, WithoutOneASignalKills) {
  EXPECT_TRUE(killed_by(status_of_child([] {
                          {
                            const InterruptGuard guard;
                          }
                          std::raise(SIGINT);
                        }),
                        SIGINT));
}

TEST(InterruptGuard, ASecondSignalKills) {
  for (const int second : {SIGINT, SIGTERM}) {
    const int status = status_of_child([second] {
      const InterruptGuard guard;
      std::raise(SIGINT);
      if (!interrupted()) ::_exit(2);
      std::raise(second);
      ::_exit(3);
    });
    EXPECT_TRUE(killed_by(status, second)) << status;
  }
}

TEST(InterruptGuard, StopsAWorkingChildFromOutside) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const InterruptGuard guard;
    if (::write(ready[1], "x", 1) != 1) ::_exit(3);
    ::alarm(60);  // ends the test should the signal be lost
    try {
      while (true) check_interrupt();
    } catch (const Interrupted&) {
      ::_exit(42);
    }
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGTERM);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42) << status;
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(InterruptGuard, LeavesAnIgnoredSignalIgnored) {
  EXPECT_EQ(status_of_child([] {
              std::signal(SIGINT, SIG_IGN);
              const InterruptGuard guard;
              std::raise(SIGINT);
              std::raise(SIGINT);
              if (interrupted()) ::_exit(2);
            }),
            0);
}

}  // namespace
}  // namespace hadal
