#include "hadal/core/safetensors/layout.h"

#include "hadal/core/error.h"
#include "hadal/core/safetensors/header.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace hadal::safetensors {
namespace {

/// `text` as a JSON string. Throws InvalidArgument, naming `what`, where it is not UTF-8.
std::string json_string(std::string_view text, std::string_view what) {
  using nlohmann::json;
  try {
    return json(std::string(text)).dump();
  } catch (const json::type_error&) {
    throw InvalidArgument(concat(what, " ", quote(text), " is not UTF-8"),
                          "safetensors files can only hold UTF-8 text");
  }
}

}  // namespace

Placed place(const std::string& name, const at::Tensor& tensor) {
  const auto refuse = [&](const std::string& why) {
    throw InvalidArgument(concat("cannot store tensor ", quote(name), ": ", why));
  };
  if (name == "__metadata__") refuse("the format keeps this name for itself");
  if (!tensor.defined()) refuse("it is undefined");
  if (tensor.layout() != at::kStrided) refuse("it is not strided; make it dense first");
  if (tensor.is_meta()) refuse("it is on the meta device and has no data");
  const SafetensorsDtype* dtype = find_safetensors_dtype(tensor.scalar_type());
  if (dtype == nullptr) {
    refuse(concat("the format has no dtype for ", c10::toString(tensor.scalar_type())));
  }
  Placed placed{json_string(name, "tensor name"), tensor, dtype, tensor.sizes().vec(),
                tensor.nbytes()};
  const auto packed = static_cast<std::int64_t>(tensor.element_size()) * 8 / dtype->bits;
  if (packed > 1) {
    if (placed.shape.empty()) refuse(concat(dtype->name, " cannot have rank 0"));
    placed.shape.back() *= packed;
  }
  return placed;
}

std::vector<Placed> lay_out(const std::map<std::string, at::Tensor>& tensors) {
  std::vector<Placed> placed;
  placed.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) placed.push_back(place(name, tensor));
  // Stable, so that the map's order by name stays within a dtype.
  std::ranges::stable_sort(placed, std::ranges::greater{}, &Placed::dtype);
  return placed;
}

std::string header_text(const std::vector<Placed>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  const auto separate = [&] {
    if (text.back() != '{') text += ',';
  };
  if (!metadata.empty()) {
    text += R"("__metadata__":{)";
    for (const auto& [key, value] : metadata) {
      separate();
      text += json_string(key, "metadata key") + ":" + json_string(value, "metadata value");
    }
    text += '}';
  }
  std::uint64_t begin = 0;
  for (const auto& placed : tensors) {
    separate();
    text += concat(placed.json_name, R"(:{"dtype":")", placed.dtype->name, R"(","shape":[)");
    for (std::size_t i = 0; i < placed.shape.size(); ++i) {
      text += concat(i > 0 ? "," : "", placed.shape[i]);
    }
    text += concat(R"(],"data_offsets":[)", begin, ",", begin + placed.bytes, "]}");
    begin += placed.bytes;
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kMaxSafetensorsHeaderBytes) {
    throw InvalidArgument(
        concat("the header of these ", tensors.size(), " tensors takes ", text.size(),
               " bytes, but safetensors allows at most ", kMaxSafetensorsHeaderBytes),
        "use shorter names or metadata, or write several files");
  }
  return text;
}

}  // namespace hadal::safetensors
