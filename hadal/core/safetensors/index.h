#pragma once

#include <map>
#include <string>
#include <string_view>

namespace hadal::safetensors {

/// Reads `text`, a `model.safetensors.index.json` in the layout of Hugging Face, and returns its
/// `weight_map`: the name of each tensor and the file that holds it. A file must be named by a
/// plain name, without a folder, so that an index cannot reach outside of its own. `source` names
/// the text in errors. Throws FormatError.
std::map<std::string, std::string> parse_index(std::string_view text, const std::string& source);

}  // namespace hadal::safetensors
