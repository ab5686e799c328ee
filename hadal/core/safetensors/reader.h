#pragma once

#include "hadal/core/safetensors/file.h"
#include "hadal/core/safetensors/header.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal {

/// The tensors of a safetensors checkpoint, be it one file or sharded over several. Copies share
/// the mapped files; const members may be called from several threads.
class SafetensorsReader {
 public:
  /// Opens `path`, which is one of
  /// - a safetensors file,
  /// - an index (`*.json`, as in model.safetensors.index.json) beside its shards,
  /// - a folder with a model.safetensors or else a model.safetensors.index.json.
  ///
  /// All headers are read and checked here, and that each shard holds the tensors that the index
  /// says it does; tensors that the index does not name are left out. Data is read as it is used.
  /// Throws IoError where a file cannot be opened and FormatError where one is malformed.
  explicit SafetensorsReader(const std::filesystem::path& path);

  /// All names, sorted by their bytes.
  std::vector<std::string> names() const;
  bool contains(std::string_view name) const { return file_of_.contains(name); }
  /// What the header says of `name`. Throws InvalidArgument where there is no such tensor.
  const SafetensorsInfo& info(const std::string& name) const;
  /// The tensor `name` as a read-only view of the mapped file: see SafetensorsFile::tensor().
  at::Tensor tensor(const std::string& name) const;
  /// The file's `__metadata__`. That of shards is joined; of two values for one key, that of the
  /// shard whose file name sorts first is kept.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  void open_file(const std::filesystem::path& path);
  void open_index(const std::filesystem::path& path);
  const SafetensorsFile& holder(const std::string& name) const;

  std::string source_;
  std::vector<SafetensorsFile> files_;
  /// The position in files_ of the file that holds each tensor.
  std::map<std::string, std::size_t, std::less<>> file_of_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace hadal
