#include "hadal/hpts/distributed/hook_thread.h"

#include <mutex>

#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

/// What happens, in order: "b0" bucket 0 begins, "a0" it goes on, "d0" it is done, "x0" it failed.
class Events {
 public:
  void add(const std::string& what, const std::string& bucket) {
    const std::lock_guard lock(mutex_);
    text_ += concat(text_.empty() ? "" : " ", what, bucket);
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

/// Needs two steps a bucket; the first of the bucket called `fails` throws.
class TwoSteps : public GradientHook {
 public:
  explicit TwoSteps(Events& events, std::string fails = "") : events_(events), fails_(fails) {}
  void begin_step() override { events_.add("s", ""); }
  std::unique_ptr<BucketReduction> begin(GradientBucket bucket, ProcessGroup&) override {
    struct Reduction : BucketReduction {
      Reduction(TwoSteps& hook, std::string name) : hook_(hook), name_(std::move(name)) {}
      bool advance() override {
        hook_.events_.add("a", name_);
        if (name_ == hook_.fails_) throw Error("out of luck");
        return ++steps_ == 2;
      }
      TwoSteps& hook_;
      std::string name_;
      int steps_ = 0;
    };
    events_.add("b", bucket.what);
    return std::make_unique<Reduction>(*this, bucket.what);
  }

 private:
  Events& events_;
  std::string fails_;
};

/// Runs steps of three buckets each.
std::string events_of(int steps, const std::string& fails = "") {
  Events events;
  TwoSteps hook(events, fails);
  {
    HookThread thread(hook, init_process_group());
    for (int i = 0; i < 3 * steps; ++i) {
      const std::string name = std::to_string(i);
      thread.add({.buffer = {}, .gradients = {}, .parameters = {}, .what = name}, i % 3 == 2,
                 [&events, name](const std::exception_ptr& error) {
                   events.add(error ? "x" : "d", name);
                 });
    }
  }
  return events.text();
}

TEST(HookThread, OverlapsBucketsInAnOrderThatIsTheSameOnAllRanks) {
  const std::string first = "s b0 b1 a0 b2 a0 d0 a1 a1 d1 a2 a2 d2";
  EXPECT_EQ(events_of(1), first);
  EXPECT_EQ(events_of(2), first + " s b3 b4 a3 b5 a3 d3 a4 a4 d4 a5 a5 d5");
}

TEST(HookThread, TellsEveryBucketOnItsWayAndAllThatFollowOfAFailure) {
  EXPECT_EQ(events_of(2, "1"), "s b0 b1 a0 b2 a0 d0 a1 x1 x2 x3 x4 x5");
  EXPECT_EQ(events_of(1, "0"), "s b0 b1 a0 x0 x1 x2");
}

TEST(HookThread, GivesUpAStepWithoutALastBucket) {
  Events events;
  TwoSteps hook(events);
  {
    HookThread thread(hook, init_process_group());
    thread.add({.buffer = {}, .gradients = {}, .parameters = {}, .what = "0"}, false,
               [&events](const std::exception_ptr& error) { events.add(error ? "x" : "d", "0"); });
  }
  EXPECT_EQ(events.text(), "s b0 x0");
}

}  // namespace
}  // namespace hadal::hpts
