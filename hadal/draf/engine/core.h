#pragma once

#include "hadal/draf/attention/paged_attention.h"
#include "hadal/draf/engine/choice.h"
#include "hadal/draf/engine/generation.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hadal::draf {

/// What an engine does, step by step, in one thread.
class EngineCore {
 public:
  /// Parts and options must be checked, and the parts stay.
  EngineCore(const EngineParts& parts, const EngineOptions& options);

  void add(std::unique_ptr<Generation> generation);
  /// Ends a request, if there is one of this id.
  void cancel(std::int64_t id);
  void cancel_all();
  /// Ends all requests with an error.
  void fail_all(const std::string& why);
  bool has_work() const { return !generations_.empty(); }
  /// One pass over the model. Where it fails, the requests that were in it end with an error.
  void step();

  /// Gives out what the calls before brought about, in order. Apart from them, so that figures can
  /// tell of a step before its outputs do.
  void deliver();

  EngineFigures figures() const;
  std::int64_t pages() const { return cache_.pages(); }
  /// Requests that ended because they were done.
  std::int64_t completed() const { return completed_; }
  /// Why the last step failed; empty where it did not.
  const std::string& failure() const { return failure_; }
  /// Of all tokens that were generated, in order.
  std::uint64_t digest() const { return digest_; }

 private:
  void run(const std::vector<Slice>& slices);
  at::Tensor compute(std::vector<Slice>& slices);
  std::vector<Choice> chosen(const std::vector<Slice>& slices, const at::Tensor& logits);
  bool is_canary(const Work& work) const;
  bool may_be_sparse(const Slice& slice) const;
  std::vector<SequenceGroup> groups_of(std::vector<Slice>& slices) const;
  void commit(const std::vector<Slice>& slices);
  void advance(const std::vector<Slice>& slices, const at::Tensor& logits);
  void give(const Generation& generation, Output output);
  void finish(std::int64_t id, Output output);
  void fail(const std::vector<std::int64_t>& ids, const std::string& why);
  std::vector<std::int64_t> to_blame() const;

  const EngineParts& parts_;
  EngineOptions options_;
  SequenceCache cache_;
  Scheduler scheduler_;
  PagedAttention attention_;
  std::map<std::int64_t, std::unique_ptr<Generation>> generations_;
  std::vector<std::pair<std::shared_ptr<const Engine::Sink>, Output>> outbox_;
  EngineFigures figures_;
  AttentionWork lately_;
  std::int64_t completed_ = 0;
  std::string failure_;
  std::uint64_t digest_ = 0;
};

}  // namespace hadal::draf
