#include "hadal/models/llama/made_tokenizer.h"

#include "hadal/data/tokenizer/byte_level.h"

#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace hadal::models {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSpace = "\u0120";  // a space, as GPT-2 spells it
constexpr std::string_view kWords[] = {"the",   "and",  "was",    "she",   "they", "you",  "that",
                                       "with",  "said", "little", "day",   "once", "upon", "time",
                                       "there", "one",  "very",   "happy", "play", "house"};
// As Llama 3's, which cuts numbers into threes and words from what is around them.
constexpr const char* kPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kChatTemplate =
    R"({{ bos_token }}{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})";

struct Tables {
  Json vocabulary = Json::object();
  Json merges = Json::array();
  std::unordered_set<std::string> known;

  void add(const std::string& token) {
    if (!known.insert(token).second) return;
    // An ordered object looks keys up one by one.
    auto& members = vocabulary.get_ref<Json::object_t&>();
    members.emplace_back(token, members.size());
  }
  void merge(const std::string& left, const std::string& right) {
    if (known.contains(left + right)) return;
    merges.push_back({left, right});
    add(left + right);
  }
};

/// The `number`-th made-up word.
std::string made_word(std::int64_t number) {
  std::string word = std::string(kSpace) + "q";
  do {
    word += static_cast<char>('a' + number % 26);
    number /= 26;
  } while (number > 0);
  return word;
}

Tables tables_of(std::int64_t vocabulary) {
  Tables tables;
  for (int byte = 0; byte < 256; ++byte) {
    tables.add(data::to_byte_level(std::string(1, static_cast<char>(byte))));
  }
  for (const char* token : kMadeSpecialTokens) tables.add(token);
  for (const std::string_view word : kWords) {
    std::string left = kSpace;
    for (const char letter : word) {
      tables.merge(left, std::string(1, letter));
      left += letter;
    }
  }
  for (std::int64_t i = 0; std::ssize(tables.known) < vocabulary; ++i) tables.add(made_word(i));
  return tables;
}

Json special_tokens() {
  Json tokens = Json::array();
  std::int64_t id = kMadeBeginId;
  for (const char* token : kMadeSpecialTokens) {
    tokens.push_back({{"id", id++},
                      {"content", token},
                      {"single_word", false},
                      {"lstrip", false},
                      {"rstrip", false},
                      {"normalized", false},
                      {"special", true}});
  }
  return tokens;
}

Json begin_processor() {
  const char* begin = kMadeSpecialTokens[0];
  const Json token = {{"SpecialToken", {{"id", begin}, {"type_id", 0}}}};
  const Json first = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const Json second = {{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
  Json known = Json::object();
  known[begin] = {
      {"id", begin}, {"ids", Json::array({kMadeBeginId})}, {"tokens", Json::array({begin})}};
  return {{"type", "TemplateProcessing"},
          {"single", Json::array({token, first})},
          {"pair", Json::array({token, first, second})},
          {"special_tokens", known}};
}

}  // namespace

std::string made_tokenizer_json(std::int64_t vocabulary) {
  Tables tables = tables_of(vocabulary);
  Json byte_level = {{"type", "ByteLevel"},
                     {"add_prefix_space", false},
                     {"trim_offsets", true},
                     {"use_regex", false}};
  const Json split = {{"type", "Split"},
                      {"pattern", {{"Regex", kPattern}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  const Json model = {{"type", "BPE"},
                      {"dropout", nullptr},
                      {"unk_token", nullptr},
                      {"continuing_subword_prefix", nullptr},
                      {"end_of_word_suffix", nullptr},
                      {"fuse_unk", false},
                      {"byte_fallback", false},
                      {"ignore_merges", false},
                      {"vocab", std::move(tables.vocabulary)},
                      {"merges", std::move(tables.merges)}};
  const Json file = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", special_tokens()},
                     {"normalizer", nullptr},
                     {"pre_tokenizer",
                      {{"type", "Sequence"}, {"pretokenizers", Json::array({split, byte_level})}}},
                     {"post_processor", begin_processor()},
                     {"decoder", byte_level},
                     {"model", model}};
  return file.dump() + '\n';
}

std::string made_tokenizer_config_json(std::int64_t context) {
  const Json file = {
      {"tokenizer_class", "PreTrainedTokenizerFast"}, {"bos_token", kMadeSpecialTokens[0]},
      {"eos_token", kMadeSpecialTokens[3]},           {"model_max_length", context},
      {"clean_up_tokenization_spaces", false},        {"chat_template", kChatTemplate}};
  return file.dump(2) + '\n';
}

}  // namespace hadal::models
