#pragma once

#include "hadal/msp/scan/finding.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hadal::msp {

/// A storage of a checkpoint of PyTorch: a tensor's elements, without its shape.
struct StoredTensor {
  std::string member;    ///< of the archive
  std::string type;      ///< as PyTorch calls it, "FloatStorage"
  std::uint64_t at = 0;  ///< its first byte in the file
  std::uint64_t bytes = 0;
};

struct ScannedFile {
  std::string path;  ///< relative to the folder, or the file's own name, as the system has it
  std::string kind;  ///< "zip", "pickle", "safetensors", ...
  std::uint64_t bytes = 0;
  std::string sha256;
  std::vector<StoredTensor> storages;  ///< of an archive of PyTorch, those that are not packed
};

struct ScanReport {
  std::vector<ScannedFile> files;
  std::vector<Finding> findings;
};

/// Looks through a model's files for what would harm whoever loads them, without executing,
/// importing or unpacking anything to disk: pickles (protocols 0 to 5, nested ones, PyTorch's
/// formats before and since 1.6), zip archives, TorchScript's code, safetensors, NumPy's arrays,
/// and the configurations of a Hugging Face folder. `path` is a file, or a folder, of which all
/// files are scanned in the order of their names, those behind symbolic links to files included.
/// Damage to a file is a finding, never an exception. Throws IoError where a file cannot be read,
/// and InvalidArgument where a folder holds no file, or more than 100,000.
ScanReport scan_model(const std::filesystem::path& path);

}  // namespace hadal::msp
