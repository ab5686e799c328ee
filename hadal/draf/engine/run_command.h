#pragma once

#include "hadal/draf/engine/core.h"
#include "hadal/draf/parallel/command.h"

#include <map>

namespace hadal::draf {

/// Does what a command says. A request's outputs go to its sink; those of one without go nowhere.
void run(Command command, std::map<Engine::Id, Engine::Sink>& sinks, const EngineParts& parts,
         EngineCore& core);

}  // namespace hadal::draf
