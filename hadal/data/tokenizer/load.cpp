#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/strict_json.h"
#include "hadal/core/text.h"
#include "hadal/data/tokenizer/bpe_tokenizer.h"
#include "hadal/data/tokenizer/sentencepiece.h"

namespace hadal::data {
namespace {
// Those of known models nest seven deep.
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxSentencePieceBytes = std::size_t{1} << 24;
}  // namespace

std::unique_ptr<Tokenizer> parse_tokenizer(std::string_view text, const std::string& source) {
  const nlohmann::json value = parse_strict_json(text, source, kMaxDepth);
  const JsonNode file(value, source);
  file.allow_only({"version", "truncation", "padding", "added_tokens", "normalizer",
                   "pre_tokenizer", "post_processor", "decoder", "model"});
  if (const JsonNode version = file.at("version"); version.string_or("1.0") != "1.0") {
    version.unsupported("the version " + quote(version.string()));
  }
  for (const char* name : {"truncation", "padding"}) {
    const JsonNode setting = file.at(name);
    if (!setting.is_null()) setting.unsupported("a limited or padded text");
  }
  return std::make_unique<BpeTokenizer>(file);
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  fs::path file = path;
  if (fs::is_directory(path)) {
    file = path / "tokenizer.json";
    if (!fs::exists(file) && fs::exists(path / "tokenizer.model")) file = path / "tokenizer.model";
  }
  if (file.extension() == ".model") {
    return parse_sentencepiece(read_file(file, kMaxSentencePieceBytes), file.string());
  }
  return parse_tokenizer(read_file(file, kMaxTokenizerBytes), file.string());
}

}  // namespace hadal::data
