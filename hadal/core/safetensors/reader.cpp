#include "hadal/core/safetensors/reader.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/index.h"
#include "hadal/core/text.h"

#include <algorithm>

namespace hadal {
namespace {

namespace fs = std::filesystem;

/// The names as `"a", "b", "c" and 4 more`.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    text += (i > 0 ? ", " : "") + quote(names[i]);
  }
  return names.size() > kMost ? concat(text, " and ", names.size() - kMost, " more") : text;
}

fs::path checkpoint_of(const fs::path& folder) {
  for (const char* name : {"model.safetensors", "model.safetensors.index.json"}) {
    if (fs::exists(folder / name)) return folder / name;
  }
  throw IoError(concat(folder.string(), " holds neither model.safetensors nor ",
                       "model.safetensors.index.json"),
                "name the safetensors file itself, or another folder");
}

}  // namespace

SafetensorsReader::SafetensorsReader(const fs::path& path) : source_(path.string()) {
  std::error_code ignored;  // What cannot be looked at cannot be opened either, which says why.
  const fs::path file = fs::is_directory(path, ignored) ? checkpoint_of(path) : path;
  if (file.extension() == ".json") {
    open_index(file);
  } else {
    open_file(file);
  }
  for (const auto& opened : files_) {
    metadata_.insert(opened.header().metadata.begin(), opened.header().metadata.end());
  }
}

void SafetensorsReader::open_file(const fs::path& path) {
  const auto& opened = files_.emplace_back(path);
  for (const auto& [name, info] : opened.header().tensors) file_of_.emplace(name, 0);
}

void SafetensorsReader::open_index(const fs::path& path) {
  const auto weight_map =
      safetensors::parse_index(read_file(path, kMaxSafetensorsHeaderBytes), path.string());
  std::map<std::string, std::vector<std::string>> names_in;
  for (const auto& [name, file] : weight_map) names_in[file].push_back(name);
  for (const auto& [file, names] : names_in) {
    const fs::path shard = path.parent_path() / file;
    if (!fs::exists(shard)) {
      throw IoError(concat(path.string(), ": the shard ", quote(file),
                           " is absent; it should hold ", some_of(names)),
                    "put that file beside the index");
    }
    const auto& opened = files_.emplace_back(shard);
    for (const auto& name : names) {
      if (!opened.header().tensors.contains(name)) {
        throw FormatError(concat(path.string(), ": tensor ", quote(name), " is not in ",
                                 quote(file), ", where the index has it"),
                          "index and shards are of different checkpoints; download all again");
      }
      file_of_.emplace(name, files_.size() - 1);
    }
  }
}

std::vector<std::string> SafetensorsReader::names() const {
  std::vector<std::string> names;
  names.reserve(file_of_.size());
  for (const auto& [name, file] : file_of_) names.push_back(name);
  return names;
}

const SafetensorsFile& SafetensorsReader::holder(const std::string& name) const {
  const auto found = file_of_.find(name);
  if (found == file_of_.end()) {
    throw InvalidArgument(
        concat(source_, ": there is no tensor ", quote(name)),
        file_of_.empty() ? "it holds no tensors" : "it holds " + some_of(names()));
  }
  return files_[found->second];
}

const SafetensorsInfo& SafetensorsReader::info(const std::string& name) const {
  return holder(name).info(name);
}

at::Tensor SafetensorsReader::tensor(const std::string& name) const {
  return holder(name).tensor(name);
}

}  // namespace hadal
