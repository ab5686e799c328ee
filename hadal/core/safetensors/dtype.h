#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace hadal {

/// An element type of the safetensors format.
struct SafetensorsDtype {
  /// As a header spells it, for example "BF16".
  std::string_view name;
  /// Of one element; 4 and 6 occur.
  int bits;
  /// The same type in ATen; empty where ATen has none. F4 maps to Float4_e2m1fn_x2, of which one
  /// element holds two of the format's.
  std::optional<at::ScalarType> scalar_type;

  bool operator==(const SafetensorsDtype&) const = default;
};

/// All types of the format, in ascending order of the reference implementation's dtype enumeration
/// (Python package safetensors 0.8.0), whose writer lays tensors out in descending order of it.
std::span<const SafetensorsDtype> safetensors_dtypes();

/// The type that a header calls `name`, as a pointer into safetensors_dtypes(), or null.
const SafetensorsDtype* find_safetensors_dtype(std::string_view name);

/// The type that stores `type`, as a pointer into safetensors_dtypes(), or null.
const SafetensorsDtype* find_safetensors_dtype(at::ScalarType type);

}  // namespace hadal
