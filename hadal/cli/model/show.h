#pragma once

#include <filesystem>
#include <string>

namespace hadal::cli {

/// What `hadal model show` prints of a model's folder, from its headers alone. Throws as
/// draf::load_model() does.
std::string model_text(const std::filesystem::path& folder);

}  // namespace hadal::cli
