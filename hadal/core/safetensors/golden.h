#pragma once

#include "hadal/core/safetensors/dtype.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/testing/paths.h"

#include <cstring>
#include <filesystem>
#include <map>
#include <string>

#include <ATen/ops/arange.h>
#include <ATen/ops/complex.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>

/// The tensors of testdata/make_golden.py, built anew, and what tests say about them.
namespace hadal::golden {

using Tensors = std::map<std::string, at::Tensor>;

inline std::filesystem::path path(const std::string& name) {
  return hadal::testing::source_path("hadal/core/safetensors/testdata/" + name);
}

inline Tensors all_dtypes() {
  const at::Tensor values = at::tensor({0.0, 1.0, 2.0, 3.0, 4.0, 6.0}).reshape({2, 3});
  const at::Tensor powers = at::tensor({1.0F, 2.0F, 4.0F, 8.0F, 16.0F, 32.0F}).reshape({2, 3});
  const at::Tensor pairs = at::tensor({0x20, 0x54, 0x76, 0xF9}, at::kByte).reshape({2, 2});
  Tensors tensors;
  for (const auto& dtype : safetensors_dtypes()) {
    // ATen converts nothing to F4.
    if (dtype.scalar_type && dtype.bits >= 8)
      tensors[std::string(dtype.name)] = values.to(*dtype.scalar_type);
  }
  tensors["C64"] = at::complex(values, -values).to(at::kComplexFloat);
  tensors["F8_E8M0"] = powers.to(at::kFloat8_e8m0fnu);
  tensors["F4"] = pairs.view(at::ScalarType::Float4_e2m1fn_x2);
  return tensors;
}

inline Tensors specials() {
  const at::Tensor words =
      at::tensor({0x7FC00001, 0x7F800001, 0x7F800000, -0x7FFFFFFF - 1, 1}, at::kInt);
  const at::Tensor halves = at::tensor({0x7FC1, 0x7F81, -0x8000, 1}, at::kShort);
  return {{"f32", words.view(at::kFloat)},
          {"bf16", halves.view(at::kBFloat16)},
          {"f16", halves.view(at::kHalf)},
          {"f8", at::arange(256, at::kShort).to(at::kByte).view(at::kFloat8_e4m3fn)}};
}

inline Tensors edges() {
  return {{"scalar", at::scalar_tensor(2.5F)},
          {"empty", at::empty({0}, at::kFloat)},
          {"empty.rank3", at::empty({2, 0, 3}, at::kLong)},
          {"", at::tensor({7}, at::kByte)},
          {"層.0/é😀", at::tensor({1, 2, 3}, at::kByte)},
          {"quote\" backslash\\ \b\f\n\r\t\x01\x1f\x7f\u2028", at::tensor({-1, 1}, at::kShort)}};
}

inline std::map<std::string, std::string> edge_metadata() {
  return {{"format", "pt"}, {"note", std::string("quote\" nul\0 é😀", 18)}, {"", "empty key"}};
}

inline Tensors sharded() {
  return {{"a.weight", at::arange(16, at::kFloat).reshape({4, 4})},
          {"b.bias", at::arange(4, at::kFloat)},
          {"c.big", at::arange(64, at::kFloat).reshape({8, 8})},
          {"d.é😀\x7f", at::arange(4, at::kInt)},
          {"e", at::arange(8, at::kLong)}};
}

/// Whether the tensors have the same dtype, the same shape and the same bytes.
inline ::testing::AssertionResult same(const at::Tensor& actual, const at::Tensor& expected) {
  if (actual.scalar_type() != expected.scalar_type() || actual.sizes() != expected.sizes()) {
    return ::testing::AssertionFailure()
           << actual.scalar_type() << " " << actual.sizes() << " instead of "
           << expected.scalar_type() << " " << expected.sizes();
  }
  const at::Tensor dense = expected.contiguous();
  if (actual.numel() > 0 &&
      std::memcmp(actual.const_data_ptr(), dense.const_data_ptr(), actual.nbytes()) != 0) {
    return ::testing::AssertionFailure() << "the bytes differ";
  }
  return ::testing::AssertionSuccess();
}

/// Holds that the file has these tensors and no other.
inline void expect_tensors(const SafetensorsReader& reader, const Tensors& expected) {
  ASSERT_EQ(reader.names().size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    EXPECT_TRUE(same(reader.tensor(name), tensor)) << name;
  }
}

}  // namespace hadal::golden
