#pragma once

// A function that can be left in the middle and gone on with later, on a stack of its own.
#include <csetjmp>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include <ucontext.h>

namespace hadal::dao::kernels::cuda::emulation {

class Fiber {
 public:
  explicit Fiber(std::function<void()> body)
      : body_(std::move(body)), stack_(std::make_unique_for_overwrite<char[]>(kStackBytes)) {}
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  bool done() const { return done_; }

  /// Runs the body until it leaves or is done; from its start where it was done before. The body
  /// must not throw.
  void resume() {
    done_ = false;
    if (_setjmp(outside_) != 0) return;
    if (started_) _longjmp(inside_, 1);
    started_ = true;
    start();
  }

  /// From within the body: goes back to who resumed.
  void leave() {
    if (_setjmp(inside_) == 0) _longjmp(outside_, 1);
  }

 private:
  static constexpr std::size_t kStackBytes = std::size_t{256} << 10;

  // Contexts only serve to get onto the new stack: switching them takes system calls each time.
  void start() {
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = stack_.get();
    context.uc_stack.ss_size = kStackBytes;
    context.uc_link = nullptr;
    starting_ = this;
    makecontext(&context, &Fiber::run, 0);
    setcontext(&context);
  }

  static void run() {
    Fiber* fiber = starting_;
    while (true) {
      fiber->body_();
      fiber->done_ = true;
      fiber->leave();
    }
  }

  static inline thread_local Fiber* starting_ = nullptr;

  std::function<void()> body_;
  std::unique_ptr<char[]> stack_;
  std::jmp_buf outside_, inside_;
  bool started_ = false, done_ = false;
};

}  // namespace hadal::dao::kernels::cuda::emulation
