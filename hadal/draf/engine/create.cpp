#include "hadal/draf/engine/create.h"

#include "hadal/draf/engine/check_options.h"
#include "hadal/draf/engine/local_engine.h"

namespace hadal::draf {

std::unique_ptr<Engine> start_engine(EngineParts parts, const EngineOptions& options) {
  check(parts, options);
  return std::make_unique<LocalEngine>(std::move(parts), options);
}

}  // namespace hadal::draf
