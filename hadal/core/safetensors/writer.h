#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal {

/// Writes a safetensors file, replacing `path` at once and only when all is written. The same
/// tensors always give the same bytes, which are those that the Python package writes (0.8.0, its
/// metadata sorted): data ordered by dtype, the widest first, then by name; the header padded with
/// spaces to a multiple of 8 bytes.
///
/// Tensors may be on any device, require gradients, and be strided, conjugated or negated views;
/// tensors that share memory are each written in full. Throws InvalidArgument, naming the tensor,
/// where one is undefined, not strided, on the meta device, of a dtype that the format lacks, an F4
/// of rank 0, named `__metadata__`, or where a name or text of the metadata is not UTF-8; IoError
/// where the file cannot be written.
void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

/// Writes a checkpoint in the layout of Hugging Face into `folder`, which must exist: files
/// model-00001-of-00003.safetensors and so on, each with `metadata`, and at the end
/// model.safetensors.index.json; or a single model.safetensors where all tensors fit into one
/// shard.
///
/// Shards are filled in the order of names as long as their data stays within `max_shard_bytes`; a
/// tensor that is larger by itself gets its own shard. Throws as write_safetensors() does, before
/// anything is written where a tensor is at fault, and InvalidArgument where the folder already has
/// a checkpoint, of which a failure half-way could leave a mixture.
void write_sharded_safetensors(const std::filesystem::path& folder,
                               const std::map<std::string, at::Tensor>& tensors,
                               const std::map<std::string, std::string>& metadata = {},
                               std::uint64_t max_shard_bytes = 5'000'000'000);

}  // namespace hadal
