#pragma once

#include "hadal/core/safetensors/header.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal {

/// One safetensors file in memory. Copies share the memory.
class SafetensorsFile {
 public:
  /// Maps `path` read-only and checks its header. Throws IoError and FormatError.
  explicit SafetensorsFile(const std::filesystem::path& path);
  /// The same for a file's `bytes`, which `keep_alive` owns; `source` names them in errors.
  SafetensorsFile(std::span<const std::byte> bytes, std::shared_ptr<const void> keep_alive,
                  std::string source);

  const SafetensorsHeader& header() const { return header_; }
  /// Names the file in errors.
  const std::string& source() const { return source_; }

  /// What the header says of `name`. Throws InvalidArgument where there is no such tensor.
  const SafetensorsInfo& info(const std::string& name) const;

  /// The tensor `name`, contiguous and on the CPU. It is a view of the file's memory, which it
  /// keeps alive, and that memory is read-only: a write to the tensor ends the program with
  /// SIGSEGV, as does (SIGBUS) a read after someone cut the file short, so clone() what is to be
  /// changed. Only a tensor that lies in the file at an address that its dtype does not allow is a
  /// copy.
  ///
  /// An F4 tensor has ATen's packed shape, whose last size is half the header's.
  /// Throws InvalidArgument where there is no such tensor, FormatError for a BOOL tensor with bytes
  /// other than 0 and 1, and Unsupported where ATen has no such dtype (F6_E2M3, F6_E3M2) or cannot
  /// pack the shape (F4 with an odd last size).
  at::Tensor tensor(const std::string& name) const;

 private:
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> keep_alive_;
  std::string source_;
  SafetensorsHeader header_;
};

}  // namespace hadal
