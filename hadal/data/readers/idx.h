#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::data {

/// The tensor in an IDX file, the format of MNIST (http://yann.lecun.com/exdb/mnist): its shape and
/// one of the types uint8, int8, int16, int32, float and double. Gzip is unpacked. Throws IoError
/// where the file cannot be read, and FormatError where it is malformed.
at::Tensor read_idx(const std::filesystem::path& path);

/// The same for the `bytes` of a file that is not packed; `source` names them in errors.
at::Tensor parse_idx(std::span<const std::byte> bytes, const std::string& source);

}  // namespace hadal::data
