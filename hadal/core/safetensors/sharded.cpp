#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/layout.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/core/text.h"

#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace hadal {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSingleName = "model.safetensors";
constexpr const char* kIndexName = "model.safetensors.index.json";

using Shard = std::map<std::string, at::Tensor>;

/// The greedy division of huggingface_hub 2.4.0 (split_state_dict_into_shards_factory), by name.
std::vector<Shard> divide(const std::map<std::string, at::Tensor>& tensors,
                          std::uint64_t max_shard_bytes) {
  std::vector<Shard> shards;
  Shard current;
  std::uint64_t current_bytes = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::uint64_t bytes = safetensors::place(name, tensor).bytes;
    if (bytes > max_shard_bytes) {
      shards.push_back({{name, tensor}});
      continue;
    }
    if (bytes > max_shard_bytes - current_bytes) {
      shards.push_back(std::exchange(current, {}));
      current_bytes = 0;
    }
    current.emplace(name, tensor);
    current_bytes += bytes;
  }
  if (!current.empty() || shards.empty()) shards.push_back(std::move(current));
  return shards;
}

std::string shard_name(std::size_t number, std::size_t count) {
  std::array<char, 80> name{};
  std::snprintf(name.data(), name.size(), "model-%05zu-of-%05zu.safetensors", number, count);
  return name.data();
}

void refuse_existing(const fs::path& folder) {
  for (const char* name : {kSingleName, kIndexName}) {
    if (fs::exists(folder / name)) {
      throw InvalidArgument(concat(folder.string(), " already holds ", name),
                            "name another folder, or remove the old checkpoint first");
    }
  }
}

}  // namespace

void write_sharded_safetensors(const fs::path& folder,
                               const std::map<std::string, at::Tensor>& tensors,
                               const std::map<std::string, std::string>& metadata,
                               std::uint64_t max_shard_bytes) {
  refuse_existing(folder);
  const auto shards = divide(tensors, max_shard_bytes);
  if (shards.size() == 1) {
    write_safetensors(folder / kSingleName, shards.front(), metadata);
    return;
  }
  std::uint64_t total_size = 0;
  // Grows by push_back, because an ordered object searches all its keys at each operator[].
  nlohmann::ordered_json::object_t weight_map;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string file = shard_name(i + 1, shards.size());
    write_safetensors(folder / file, shards[i], metadata);
    for (const auto& [name, tensor] : shards[i]) {
      weight_map.push_back({name, file});
      total_size += tensor.nbytes();
    }
  }
  nlohmann::ordered_json index;
  index["metadata"]["total_size"] = total_size;
  index["weight_map"] = std::move(weight_map);
  write_file(folder / kIndexName, index.dump(2, ' ', true));
}

}  // namespace hadal
