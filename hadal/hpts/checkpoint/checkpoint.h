#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::hpts {

/// All that a training run needs to go on as if it had not stopped.
struct Checkpoint {
  std::int64_t step = 0;  ///< steps done
  /// Parameters, buffers, the optimizer's state, ATen's generator: "model/fc.weight".
  std::map<std::string, at::Tensor> tensors = {};
  /// What is no tensor, as JSON or other UTF-8: "plan", "scaler".
  std::map<std::string, std::string> texts = {};
};

/// Writes `checkpoint` to the safetensors file `path`, which other programs can read too: the texts
/// and the step are its metadata, and a SHA-256 over all of it. The file appears whole, or not at
/// all, and is on the disk when the call returns. Throws InvalidArgument where the format cannot
/// hold a tensor or text, or the step is negative, and IoError where the file cannot be written.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// Reads what write_checkpoint() wrote; the tensors are copies, on the CPU. Throws IoError where
/// the file cannot be read, and FormatError where it is none, cut short or altered.
Checkpoint read_checkpoint(const std::filesystem::path& path);

}  // namespace hadal::hpts
