#include "hadal/draf/engine/parallel.h"

#include "hadal/core/error.h"
#include "hadal/draf/attention/paged_attention.h"
#include "hadal/draf/engine/check_options.h"
#include "hadal/draf/engine/local_engine.h"
#include "hadal/draf/engine/run_command.h"

#include <algorithm>
#include <string>
#include <utility>

namespace hadal::draf {
namespace {

/// All that ranks have to agree in, in words.
std::string setting_of(const EngineParts& parts, const EngineOptions& options,
                       const std::string& digest) {
  const SparsityOptions& sparsity = options.sparsity;
  const int stages = parts.ranks.pipeline ? parts.ranks.pipeline->stages() : 1;
  const bool int8_sums = parts.ranks.tensor && parts.ranks.tensor->int8_sums();
  return concat("model ", digest, "; vocabulary ", parts.model->shape().vocabulary, "; cache of ",
                options.cache_bytes, " bytes; at most ", options.max_running, " requests and ",
                options.step_tokens, " tokens a step; attention of mode ",
                static_cast<int>(sparsity.mode), ", keep ", sparsity.keep, ", dense below ",
                sparsity.dense_below, "; ", stages, " stages, sums in ",
                int8_sums ? "8 bits" : "the activations' type");
}

void check_all_agree(const EngineParts& parts, const EngineOptions& options, ProcessGroup& group,
                     const std::string& digest) {
  const auto settings =
      group.exchange(setting_of(parts, options, digest), "settings of a parallel engine");
  for (std::size_t rank = 1; rank < settings.size(); ++rank) {
    if (settings[rank] == settings[0]) continue;
    throw InvalidArgument(concat("rank ", rank, " of the engine differs from rank 0: \"",
                                 settings[rank], "\" is not \"", settings[0], "\""),
                          "start all ranks with the same program, model and options");
  }
}

/// The options with a cache of as many pages as fit at each rank, because all plan alike.
EngineOptions with_common_pages(const EngineParts& parts, EngineOptions options,
                                ProcessGroup& group) {
  const auto layers = cache_options(parts.model->shape(), options);
  std::int64_t pages = layers.front().pages;
  for (const auto& other : group.exchange(std::to_string(pages), "pages of a parallel engine")) {
    pages = std::min<std::int64_t>(pages, std::stoll(other));
  }
  options.cache_bytes = pages * page_bytes(layers);
  return options;
}

EngineOptions agree(EngineParts& parts, const EngineOptions& options, const RankGrid& ranks,
                    const std::string& digest) {
  parts.ranks = ranks;
  check(parts, options);
  check_all_agree(parts, options, *ranks.all, digest);
  return with_common_pages(parts, options, *ranks.all);
}

}  // namespace

std::unique_ptr<Engine> lead_engine(EngineParts parts, const EngineOptions& options,
                                    const RankGrid& ranks, const std::string& digest) {
  const EngineOptions common = agree(parts, options, ranks, digest);
  return std::make_unique<LocalEngine>(std::move(parts), common,
                                       std::make_unique<CommandChannel>(ranks));
}

void follow_engine(EngineParts parts, const EngineOptions& options, const RankGrid& ranks,
                   const std::string& digest) {
  EngineCore core(parts, agree(parts, options, ranks, digest));
  CommandChannel leader(ranks);
  for (bool ending = false; !ending;) {
    Command command = leader.receive();
    if (command.steps != core.figures().steps || command.digest != core.digest()) {
      throw Error(concat("rank ", ranks.all->rank(), " has other tokens than rank 0 after ",
                         command.steps, " steps"));
    }
    ending = command.end;
    std::map<Engine::Id, Engine::Sink> no_sinks;
    run(std::move(command), no_sinks, parts, core);
    core.deliver();
    if (!core.failure().empty()) throw Error(core.failure());
  }
}

}  // namespace hadal::draf
