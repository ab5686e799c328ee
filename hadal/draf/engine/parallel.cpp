#include "hadal/draf/engine/parallel.h"

#include "hadal/core/error.h"
#include "hadal/draf/engine/check_options.h"
#include "hadal/draf/engine/local_engine.h"
#include "hadal/draf/engine/run_command.h"

#include <utility>

namespace hadal::draf {
namespace {

/// All that ranks have to agree in, in words.
std::string setting_of(const EngineParts& parts, const EngineOptions& options,
                       const std::string& digest) {
  const SparsityOptions& sparsity = options.sparsity;
  return concat("model ", digest, "; vocabulary ", parts.model->shape().vocabulary, "; cache of ",
                options.cache_bytes, " bytes; at most ", options.max_running, " requests and ",
                options.step_tokens, " tokens a step; attention of mode ",
                static_cast<int>(sparsity.mode), ", keep ", sparsity.keep, ", dense below ",
                sparsity.dense_below);
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

}  // namespace

std::unique_ptr<Engine> lead_engine(EngineParts parts, const EngineOptions& options,
                                    std::shared_ptr<ProcessGroup> group,
                                    const std::string& digest) {
  check(parts, options);
  check_all_agree(parts, options, *group, digest);
  return std::make_unique<LocalEngine>(std::move(parts), options,
                                       std::make_unique<CommandChannel>(std::move(group)));
}

void follow_engine(EngineParts parts, const EngineOptions& options,
                   std::shared_ptr<ProcessGroup> group, const std::string& digest) {
  check(parts, options);
  check_all_agree(parts, options, *group, digest);
  EngineCore core(parts, options);
  CommandChannel leader(group);
  for (bool ending = false; !ending;) {
    Command command = leader.receive();
    if (command.steps != core.figures().steps || command.digest != core.digest()) {
      throw Error(concat("rank ", group->rank(), " has other tokens than rank 0 after ",
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
