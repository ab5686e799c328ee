// Saves the state of a model in a safetensors file and reads it back.
#include <cstdio>
#include <exception>

#include <ATen/ops/equal.h>
#include <hadal/core/error.h>
#include <hadal/core/safetensors/reader.h>
#include <hadal/core/safetensors/writer.h>
#include <hadal/models/glyph_cnn.h>
#include <hadal/models/state.h>

int main() try {
  const hadal::models::GlyphCnn model;
  const auto written = hadal::models::state(*model);
  hadal::write_safetensors("model.safetensors", written, {{"format", "pt"}});

  const hadal::SafetensorsReader reader("model.safetensors");
  for (const auto& [name, tensor] : written) {
    if (!at::equal(reader.tensor(name), tensor)) throw hadal::FormatError(name + " differs");
  }
  std::printf("%zu tensors read back equal\n", reader.names().size());
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
