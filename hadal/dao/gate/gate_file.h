#pragma once

#include "hadal/dao/gate/dynamic_gate.h"

#include <cstdint>
#include <filesystem>
#include <map>

namespace hadal::dao {

/// The gates of a model's layers, by the layers' numbers.
using Gates = std::map<std::int64_t, DynamicGate>;

/// Writes gates of one size to a safetensors file, replacing `path` at once. Layer 3 is
/// "layers.3.query.weight" and so on (see DynamicGate); the metadata say `format` "hadal.dao.gate",
/// `version` "2", and the sizes. Throws InvalidArgument where there are no gates, they differ in
/// size, or a layer's number is negative, and IoError.
void save_gates(const std::filesystem::path& path, const Gates& gates);

/// Reads what save_gates() wrote. Throws IoError, and FormatError, naming the file, what was
/// expected and what is there, for another format or version, and for tensors that are missing,
/// unexpected, of another type or shape, or not finite.
Gates load_gates(const std::filesystem::path& path);

}  // namespace hadal::dao
