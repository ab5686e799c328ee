#include "hadal/draf/engine/check_options.h"

namespace hadal::draf {
namespace {

void require(bool holds, const char* option, const char* expected, double got) {
  if (holds) return;
  throw InvalidArgument(concat("engine: ", option, ": expected ", expected, ", got ", got));
}

void check(const SparsityOptions& options) {
  const auto is_share = [](double value) { return value > 0 && value <= 1; };
  require(is_share(options.keep), "keep", "a number above 0 and up to 1", options.keep);
  require(options.dense_below >= 0, "dense_below", "0 or more",
          static_cast<double>(options.dense_below));
  require(is_share(options.canary_share), "canary_share", "a number above 0 and up to 1",
          options.canary_share);
  require(is_share(options.guard.bound), "guard.bound", "a number above 0 and up to 1",
          options.guard.bound);
  require(options.guard.cooldown >= 0, "guard.cooldown", "0 or more",
          static_cast<double>(options.guard.cooldown));
}

}  // namespace

void check(const EngineParts& parts, const EngineOptions& options) {
  if (!parts.model) throw InvalidArgument("engine: expected a model, got none");
  const std::int64_t vocabulary = parts.model->shape().vocabulary;
  for (const std::int64_t id : parts.end_ids) {
    require(id >= 0 && id < vocabulary, "end_ids", "ids of the vocabulary",
            static_cast<double>(id));
  }
  require(options.max_running >= 1, "max_running", "1 or more",
          static_cast<double>(options.max_running));
  require(options.max_waiting >= 1, "max_waiting", "1 or more",
          static_cast<double>(options.max_waiting));
  require(options.step_tokens >= options.max_running, "step_tokens", "max_running or more",
          static_cast<double>(options.step_tokens));
  check(options.sparsity);
}

}  // namespace hadal::draf
