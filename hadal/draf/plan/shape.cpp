#include "hadal/draf/plan/shape.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/text.h"

#include <filesystem>

namespace hadal::draf::plan {
namespace {

struct Published {
  std::string_view name;
  std::int64_t layers;
  std::int64_t heads;
  std::int64_t head_dim;
};
constexpr Published kPublished[] = {
    {"gpt-20b", 44, 48, 128}, {"gpt-175b", 96, 96, 128}, {"megatron-530b", 105, 128, 160}};

Shape gpt(const Published& model) {
  const std::int64_t dim = model.heads * model.head_dim;
  return {.name = std::string(model.name),
          .layers = model.layers,
          .dim = dim,
          .heads = model.heads,
          .kv_heads = model.heads,
          .head_dim = model.head_dim,
          .hidden = 4 * dim,
          .vocabulary = 51200,
          .tied = true,
          .positions = 2048,
          .context = 2048};
}

}  // namespace

double Shape::layer_parameters() const {
  const auto width = static_cast<double>(dim);
  const double attention = width * (2 * query_dim() + 2 * kv_dim());
  return attention + (gated ? 3 : 2) * width * static_cast<double>(hidden);
}

double Shape::embedding_parameters() const {
  return static_cast<double>(vocabulary) * static_cast<double>(dim);
}

double Shape::position_parameters() const {
  return static_cast<double>(positions) * static_cast<double>(dim);
}

double Shape::parameters() const {
  return static_cast<double>(layers) * layer_parameters() +
         (tied ? 1 : 2) * embedding_parameters() + position_parameters();
}

double Shape::cache_bytes_a_token() const {
  return static_cast<double>(layers) * 2 * kv_dim() * cache_bytes;
}

std::vector<std::string> shape_names() {
  std::vector<std::string> names;
  for (const Published& model : kPublished) names.emplace_back(model.name);
  return names;
}

Shape named_shape(std::string_view name) {
  for (const Published& model : kPublished) {
    if (model.name == name) return gpt(model);
  }
  throw InvalidArgument(
      concat("expected a model, got ", quote(name)),
      concat("a folder with a config.json, such a file, or one of ", join(shape_names())));
}

Shape shape_of(const models::LlamaConfig& config, const std::string& name, double weight_bytes) {
  return {.name = name,
          .layers = config.layers,
          .dim = config.dim,
          .heads = config.heads,
          .kv_heads = config.kv_heads,
          .head_dim = config.head_dim,
          .hidden = config.hidden,
          .gated = true,
          .vocabulary = config.vocabulary,
          .tied = config.tied,
          .context = config.context(),
          .weight_bytes = weight_bytes};
}

Shape find_shape(const std::string& model, double weight_bytes) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  namespace fs = std::filesystem;
  std::error_code none;
  if (fs::is_directory(model, none)) {
    const fs::path folder = fs::path(model).lexically_normal();
    const fs::path name =
        folder.has_filename() ? folder.filename() : folder.parent_path().filename();
    return shape_of(models::read_llama_config(folder), name.string(), weight_bytes);
  }
  if (fs::exists(model, none)) {
    return shape_of(models::parse_llama_config(read_file(model, kMostBytes), model), model,
                    weight_bytes);
  }
  Shape shape = named_shape(model);
  shape.weight_bytes = weight_bytes;
  return shape;
}

}  // namespace hadal::draf::plan
