#include "hadal/core/safetensors/dtype.h"

#include <algorithm>
#include <array>

namespace hadal {
namespace {

constexpr std::array<SafetensorsDtype, 22> kDtypes = {{
    {"BOOL", 8, at::kBool},
    {"F4", 4, at::ScalarType::Float4_e2m1fn_x2},
    {"F6_E2M3", 6, std::nullopt},
    {"F6_E3M2", 6, std::nullopt},
    {"U8", 8, at::kByte},
    {"I8", 8, at::kChar},
    {"F8_E5M2", 8, at::kFloat8_e5m2},
    {"F8_E4M3", 8, at::kFloat8_e4m3fn},
    {"F8_E8M0", 8, at::kFloat8_e8m0fnu},
    {"F8_E4M3FNUZ", 8, at::kFloat8_e4m3fnuz},
    {"F8_E5M2FNUZ", 8, at::kFloat8_e5m2fnuz},
    {"I16", 16, at::kShort},
    {"U16", 16, at::kUInt16},
    {"F16", 16, at::kHalf},
    {"BF16", 16, at::kBFloat16},
    {"I32", 32, at::kInt},
    {"U32", 32, at::kUInt32},
    {"F32", 32, at::kFloat},
    {"C64", 64, at::kComplexFloat},
    {"F64", 64, at::kDouble},
    {"I64", 64, at::kLong},
    {"U64", 64, at::kUInt64},
}};

template <class Predicate>
const SafetensorsDtype* find(Predicate matches) {
  const auto found = std::ranges::find_if(kDtypes, matches);
  return found == kDtypes.end() ? nullptr : &*found;
}

}  // namespace

std::span<const SafetensorsDtype> safetensors_dtypes() { return kDtypes; }

const SafetensorsDtype* find_safetensors_dtype(std::string_view name) {
  return find([&](const SafetensorsDtype& dtype) { return dtype.name == name; });
}

const SafetensorsDtype* find_safetensors_dtype(at::ScalarType type) {
  return find([&](const SafetensorsDtype& dtype) { return dtype.scalar_type == type; });
}

}  // namespace hadal
