#pragma once

#include "hadal/core/safetensors/dtype.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::safetensors {

/// A tensor to be written: what its entry in the header says but for its place.
struct Placed {
  /// The name as a JSON string.
  std::string json_name;
  at::Tensor tensor;
  const SafetensorsDtype* dtype;
  /// In elements of `dtype`.
  std::vector<std::int64_t> shape;
  std::uint64_t bytes;
};

/// Checks that the format can hold the tensor. Throws InvalidArgument, naming the tensor: it is
/// undefined, not strided, without data (meta), of a dtype that the format lacks, an F4 of rank 0,
/// named `__metadata__`, or with a name that is not UTF-8.
Placed place(const std::string& name, const at::Tensor& tensor);

/// The tensors in the order of their data: by dtype, the widest first, then by name.
std::vector<Placed> lay_out(const std::map<std::string, at::Tensor>& tensors);

/// The JSON header for tensors that lie in this order, padded with spaces to a multiple of 8 bytes.
/// Throws InvalidArgument where the metadata is not UTF-8 or the header is longer than the format
/// allows.
std::string header_text(const std::vector<Placed>& tensors,
                        const std::map<std::string, std::string>& metadata);

}  // namespace hadal::safetensors
