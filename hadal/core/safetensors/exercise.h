#pragma once

#include "hadal/core/error.h"
#include "hadal/core/safetensors/file.h"
#include "hadal/core/safetensors/index.h"
#include "hadal/core/safetensors/layout.h"
#include "hadal/testing/require.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace hadal::safetensors {

using hadal::testing::require;

/// Reads every tensor of a sound file, and holds that a header written for them reads back the
/// same.
inline void exercise_tensors(const SafetensorsFile& file, std::span<const std::byte> bytes) {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, info] : file.header().tensors) {
    try {
      const at::Tensor tensor = file.tensor(name);
      require(tensor.nbytes() == info.end - info.begin);
      require(tensor.numel() == 0 || std::memcmp(tensor.const_data_ptr(), bytes.data() + info.begin,
                                                 tensor.nbytes()) == 0);
      tensors.emplace(name, tensor);
    } catch (const Unsupported&) {
    } catch (const FormatError&) {
      require(info.dtype.name == "BOOL");
    }
  }
  const std::string header = header_text(lay_out(tensors), file.header().metadata);
  const std::uint64_t length = header.size();
  std::string whole(reinterpret_cast<const char*>(&length), sizeof length);
  whole += header;
  for (const auto& [name, tensor] : tensors) whole.append(tensor.nbytes(), '\0');
  const auto again = parse_safetensors_header(std::as_bytes(std::span(whole)), "written again");
  require(again.metadata == file.header().metadata);
  require(again.tensors.size() == tensors.size());
  for (const auto& [name, info] : again.tensors) {
    require(info.dtype == file.info(name).dtype && info.shape == file.info(name).shape);
  }
}

/// Feeds hostile `bytes` to the readers of files and of indices. An Error is an expected outcome;
/// any other exception escapes.
inline void exercise_readers(std::span<const std::byte> bytes) {
  try {
    parse_index({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "input");
  } catch (const FormatError&) {
  }
  try {
    const SafetensorsFile file(bytes, nullptr, "input");
    exercise_tensors(file, bytes);
  } catch (const FormatError&) {
  }
}

}  // namespace hadal::safetensors
