#pragma once

#include "hadal/models/llama/config.h"

#include <filesystem>

namespace hadal::models {

/// Holds that `folder` has the weights that `config` asks for, and none else, from the headers of
/// its safetensors files alone. Gives the file or the index for a SafetensorsReader.
///
/// Throws FormatError, whose one message lists (at most 20) files that are missing, cut short or
/// malformed, and tensors that are missing, have another shape, are not fp32, bf16 or fp16, or
/// belong to no such model. What old files have beside the weights, rotary frequencies and the head
/// of a model whose head is tied, is let be. Throws Unsupported, which says what to do, where the
/// folder has its weights as pickle files only (.bin, .pt, .pth), because to load one can run any
/// program, and IoError where it has none.
std::filesystem::path check_checkpoint(const LlamaConfig& config,
                                       const std::filesystem::path& folder);

}  // namespace hadal::models
