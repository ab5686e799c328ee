#include "hadal/draf/engine/run_command.h"

#include <memory>
#include <utility>

namespace hadal::draf {

void run(Command command, std::map<Engine::Id, Engine::Sink>& sinks, const EngineParts& parts,
         EngineCore& core) {
  for (Submission& submission : command.arrived) {
    auto found = sinks.extract(submission.id);
    Engine::Sink sink = found ? std::move(found.mapped()) : [](const Output&) {};
    core.add(std::make_unique<Generation>(submission.id, std::move(submission.request),
                                          std::move(sink), parts, submission.seed));
  }
  for (const Engine::Id id : command.cancelled) core.cancel(id);
  if (command.end) core.cancel_all();
  if (command.step && core.has_work()) core.step();
}

}  // namespace hadal::draf
