#include "hadal/cli/model/show.h"

#include "hadal/core/error.h"
#include "hadal/data/tokenizer/tokenizer.h"
#include "hadal/models/llama/generation.h"
#include "hadal/models/llama/llama2c.h"
#include "hadal/models/llama/tensors.h"
#include "hadal/models/llama/weights.h"

#include <algorithm>
#include <iomanip>
#include <locale>
#include <memory>
#include <optional>
#include <sstream>
#include <vector>

namespace hadal::cli {
namespace {

namespace fs = std::filesystem;
using models::LlamaConfig;

struct Folder {
  models::LlamaWeights weights;
  std::unique_ptr<data::Tokenizer> tokenizer;
  std::vector<std::int64_t> end_ids;
};

Folder open(const fs::path& folder) {
  if (const auto files = models::find_llama2c(folder)) {
    auto weights = models::read_llama2c(files->model);
    auto tokenizer = data::load_llama2c_tokenizer(files->tokenizer, weights.config.vocabulary);
    auto end_ids = weights.config.end_ids;
    return {std::move(weights), std::move(tokenizer), std::move(end_ids)};
  }
  auto weights = models::read_llama(folder);
  const auto generation = models::read_generation_config(folder);
  auto end_ids = generation.end_ids.empty() ? weights.config.end_ids : generation.end_ids;
  return {std::move(weights), data::load_tokenizer(folder), std::move(end_ids)};
}

std::string bytes_text(double bytes) {
  const char* units[] = {"bytes", "KB", "MB", "GB", "TB"};
  int unit = 0;
  for (; bytes >= 1000 && unit < 4; ++unit) bytes /= 1000;
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << std::fixed << std::setprecision(unit == 0 ? 0 : 1) << bytes << ' ' << units[unit];
  return text.str();
}

/// Numbers in layers' matrices and the head, and those beside them.
struct Counts {
  double linear = 0;
  double head = 0;
  double rows = 0;  ///< outputs of the matrices, each of which has a scale in int8
};

Counts counts_of(const LlamaConfig& config) {
  Counts counts;
  models::for_each_tensor(config, [&](const models::LlamaTensor& tensor) {
    const bool is_layer = tensor.name.starts_with("model.layers.") && tensor.shape.size() == 2;
    if (!is_layer) return;
    counts.linear += static_cast<double>(tensor.shape[0]) * static_cast<double>(tensor.shape[1]);
    counts.rows += static_cast<double>(tensor.shape[0]);
  });
  counts.head = static_cast<double>(config.vocabulary) * static_cast<double>(config.dim);
  return counts;
}

/// What the weights take in each format, to the nearest percent or so: norms and biases, which are
/// few, are left out.
std::string memory_text(const LlamaConfig& config) {
  const Counts counts = counts_of(config);
  const double table = counts.head * (config.type == "float32" ? 4 : 2);
  const auto shared = [&](const char* type) { return config.tied && config.type == type; };
  const double vocabulary = static_cast<double>(config.vocabulary);
  const double fp32 = 4 * (counts.linear + counts.head) + (shared("float32") ? 0 : table);
  const double bf16 = 2 * (counts.linear + counts.head) + (shared("bfloat16") ? 0 : table);
  const double int8_head = counts.head + 4 * vocabulary + table;
  const double int8 = counts.linear + 4 * counts.rows + int8_head;
  const double int4 = counts.linear * 4.5 / 8 + int8_head;
  return concat("fp32 ", bytes_text(fp32), ", bf16 ", bytes_text(bf16), ", int8 ", bytes_text(int8),
                ", int4 ", bytes_text(int4));
}

std::string rope_text(const models::RopeConfig& rope) {
  const std::string theta = concat("theta ", rope.theta);
  if (rope.scaling == models::RopeScaling::none) return theta;
  return concat(theta, ", ", name_of(rope.scaling), " scaling by ", rope.factor);
}

std::string tokens_text(const Folder& folder) {
  std::vector<std::string> ends;
  for (const std::int64_t id : folder.end_ids) {
    const bool known = id < folder.tokenizer->vocabulary_size();
    ends.push_back(known ? concat(folder.tokenizer->id_to_token(id), " (", id, ")") : concat(id));
  }
  std::string text = concat(folder.tokenizer->vocabulary_size(), ", and a text ends at ");
  for (std::size_t i = 0; i < ends.size(); ++i) text += (i == 0 ? "" : ", ") + ends[i];
  return ends.empty() ? concat(folder.tokenizer->vocabulary_size()) : text;
}

}  // namespace

std::string model_text(const fs::path& path) {
  const Folder folder = open(path);
  const LlamaConfig& config = folder.weights.config;
  double stored = 0;
  for (const auto& [name, tensor] : folder.weights.tensors) {
    stored += static_cast<double>(tensor.nbytes());
  }
  const double cache = 2.0 * static_cast<double>(config.layers * config.kv_heads * config.head_dim);
  const std::int64_t window = std::ranges::max(config.windows);
  std::ostringstream out;
  out << "architecture  " << name_of(config.family) << ", " << config.layers << " layers of width "
      << config.dim << ", feed-forward " << config.hidden << '\n'
      << "attention     " << config.heads << " heads of " << config.head_dim << ", "
      << config.kv_heads << " of keys and values";
  if (window > 0) out << ", sliding window " << window;
  out << '\n'
      << "positions     " << rope_text(config.rope) << '\n'
      << "parameters    " << models::parameter_count(config) << (config.tied ? ", tied head" : "")
      << '\n'
      << "stored        " << bytes_text(stored) << " of " << config.type << '\n'
      << "context       " << config.context() << " tokens, " << bytes_text(2 * cache)
      << " of cache a token in bf16\n"
      << "tokens        " << tokens_text(folder) << '\n'
      << "memory        " << memory_text(config) << '\n';
  return out.str();
}

}  // namespace hadal::cli
