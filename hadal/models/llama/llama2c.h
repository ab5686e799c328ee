#pragma once

#include "hadal/models/llama/weights.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace hadal::models {

struct Llama2cFiles {
  std::filesystem::path model;
  std::filesystem::path tokenizer;
};

/// The files of a folder in the format of llama2.c: one tok*.bin and one other *.bin, and no
/// config.json. Empty for other folders.
std::optional<Llama2cFiles> find_llama2c(const std::filesystem::path& folder);

/// Reads a model in llama2.c's first format (karpathy/llama2.c, run.c and export.py, version 0):
/// seven little-endian int32, then fp32 weights. The weights of query and key, which that format
/// has for neighbouring pairs, are put into the half-split layout; the others are views of the
/// mapped file. Its size must be the one that the header asks for. Throws IoError and FormatError.
LlamaWeights read_llama2c(const std::filesystem::path& path);

/// The same of a file's `bytes`, aligned to 4 bytes, which `keep_alive` owns; `source` names them
/// in errors.
LlamaWeights parse_llama2c(std::span<const std::byte> bytes,
                           const std::shared_ptr<const void>& keep_alive,
                           const std::string& source);

}  // namespace hadal::models
