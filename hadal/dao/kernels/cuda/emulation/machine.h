#pragma once

// A multiprocessor that runs one thread block at a time, a fiber a thread. A warp's lanes run one
// after another up to the next instruction that all take part in. Which warp goes on is drawn by
// chance, as is whether a copy to shared memory takes place at once or no sooner than its thread
// waits for it, and that memory starts as NaN: so a missing barrier or wait shows.
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/dao/kernels/cuda/emulation/fiber.h"
#include "hadal/dao/kernels/cuda/emulation/warp.h"

#include <exception>
#include <functional>
#include <memory>
#include <vector>

namespace hadal::dao::kernels::cuda::emulation {

class Machine {
 public:
  /// Runs `blocks` thread blocks of `threads` threads, a multiple of 32. Throws what a thread
  /// throws, and Error where threads go apart or reach beyond their shared memory.
  void launch(std::int64_t blocks, int threads, std::size_t shared_bytes,
              const std::function<void()>& kernel) {
    kernel_ = &kernel;
    while (threads_.size() < static_cast<std::size_t>(threads)) {
      threads_.push_back(std::make_unique<Thread>(*this));
    }
    try {
      for (block_ = 0; block_ < blocks; ++block_) run_block(threads, shared_bytes);
    } catch (...) {
      threads_.clear();  // they are somewhere in their kernel
      throw;
    }
  }

  int thread_index() const { return current_; }
  std::int64_t block_index() const { return block_; }
  char* shared_memory() { return shared_.data(); }

  void request(const Request& request) {
    Thread& thread = *threads_[static_cast<std::size_t>(current_)];
    thread.request = request;
    thread.fiber.leave();
  }

  void copy(std::uint32_t to, const void* from, std::size_t bytes, bool there) {
    require(to % bytes == 0 && to + bytes <= shared_.size(), "a copy's place in shared memory");
    require(reinterpret_cast<std::uintptr_t>(from) % bytes == 0, "a copy's place in memory");
    const Copy copy{to, from, bytes, there};
    if (random_.below(2) == 0) {
      perform(copy);
    } else {
      threads_[static_cast<std::size_t>(current_)]->copies.push_back(copy);
    }
  }

  void wait_for_copies() {
    auto& copies = threads_[static_cast<std::size_t>(current_)]->copies;
    for (const Copy& copy : copies) perform(copy);
    copies.clear();
  }

 private:
  struct Copy {
    std::uint32_t to;
    const void* from;
    std::size_t bytes;
    bool there;
  };

  struct Thread {
    explicit Thread(const Machine& machine)
        : fiber([this, &machine] {
            try {
              (*machine.kernel_)();
            } catch (...) {
              error = std::current_exception();
            }
          }) {}

    Fiber fiber;
    Request request;
    std::vector<Copy> copies;
    std::exception_ptr error;
  };

  enum class State { ready, waits, done };

  static void require(bool holds, const char* what) {
    if (!holds) throw Error(concat("emulation: wrong ", what));
  }

  void perform(const Copy& copy) {
    if (copy.there) {
      std::memcpy(shared_.data() + copy.to, copy.from, copy.bytes);
    } else {
      std::memset(shared_.data() + copy.to, 0, copy.bytes);
    }
  }

  void run_block(int threads, std::size_t shared_bytes) {
    shared_.assign(shared_bytes, '\xff');
    for (const auto& thread : threads_) thread->copies.clear();
    std::vector<State> warps(static_cast<std::size_t>(threads / 32), State::ready);
    while (true) {
      std::vector<std::size_t> ready;
      for (std::size_t i = 0; i < warps.size(); ++i) {
        if (warps[i] == State::ready) ready.push_back(i);
      }
      if (!ready.empty()) {
        const std::size_t warp = ready[random_.below(ready.size())];
        warps[warp] = run_warp(warp);
        continue;
      }
      if (warps == std::vector<State>(warps.size(), State::done)) return;
      // All that are left wait at a barrier, where none may be missing.
      for (State& state : warps) {
        require(state == State::waits, "barrier: some threads are done");
        state = State::ready;
      }
    }
  }

  /// Runs a warp until it waits at a barrier or is done.
  State run_warp(std::size_t warp) {
    while (true) {
      Lanes lanes;
      std::size_t done = 0;
      for (std::size_t lane = 0; lane < 32; ++lane) {
        Thread& thread = *threads_[warp * 32 + lane];
        current_ = static_cast<int>(warp * 32 + lane);
        thread.fiber.resume();
        if (thread.error) std::rethrow_exception(thread.error);
        done += thread.fiber.done() ? 1 : 0;
        lanes[lane] = &thread.request;
      }
      if (done == 32) return State::done;
      const Kind kind = lanes[0]->kind;
      for (const Request* request : lanes) {
        require(done == 0 && request->kind == kind, "path: a warp's lanes have gone apart");
      }
      if (kind == Kind::barrier) return State::waits;
      execute(kind, lanes);
    }
  }

  void execute(Kind kind, const Lanes& lanes) {
    const bool transposed = kind == Kind::load_matrices_transposed;
    if (transposed || kind == Kind::load_matrices) {
      for (const Request* request : lanes) {
        require(request->address % 16 == 0 && request->address + 16 <= shared_.size(),
                "place of a matrix's row");
      }
      emulation::load_matrices(lanes, shared_.data(), transposed);
    } else if (kind == Kind::multiply_add) {
      emulation::multiply_add(lanes);
    } else if (kind == Kind::any) {
      emulation::any(lanes);
    } else {
      emulation::across(lanes);
    }
  }

  Random random_{7};
  const std::function<void()>* kernel_ = nullptr;
  std::vector<char> shared_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::int64_t block_ = 0;
  int current_ = 0;
};

inline Machine& machine() {
  static Machine instance;
  return instance;
}

}  // namespace hadal::dao::kernels::cuda::emulation
