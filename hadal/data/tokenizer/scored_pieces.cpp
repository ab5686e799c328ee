#include "hadal/data/tokenizer/scored_pieces.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/core/utf8.h"
#include "hadal/data/tokenizer/bpe_tokenizer.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include <nlohmann/json.hpp>

namespace hadal::data {
namespace {

using Json = nlohmann::ordered_json;
using Ids = std::unordered_map<std::string_view, std::size_t>;

constexpr const char* kSpace = "\u2581";
// Bounds the work for the splits of a piece.
constexpr std::size_t kMaxPieceBytes = 256;

void check(const std::vector<ScoredPiece>& pieces, const std::string& source) {
  std::size_t unknown = 0;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const ScoredPiece& piece = pieces[id];
    const auto refuse = [&](const std::string& what) {
      throw FormatError(concat(source, ": piece ", id, ", ", quote(piece.text), ", ", what));
    };
    if (piece.text.empty() || piece.text.size() > kMaxPieceBytes) {
      refuse(concat("has ", piece.text.size(), " bytes; expected 1 to ", kMaxPieceBytes));
    }
    if (find_invalid_utf8(piece.text)) refuse("is not UTF-8");
    if (!(piece.score > -1e30F && piece.score < 1e30F)) refuse("has no finite score");
    if (piece.kind == PieceKind::unknown && ++unknown > 1) refuse("is a second unknown token");
  }
}

Ids ids_of(const std::vector<ScoredPiece>& pieces, const std::string& source) {
  Ids ids;
  ids.reserve(pieces.size());
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const auto [known, is_new] = ids.emplace(pieces[id].text, id);
    if (!is_new) {
      throw FormatError(concat(source, ": the piece ", quote(pieces[id].text), " is both ",
                               known->second, " and ", id));
    }
  }
  return ids;
}

struct Split {
  std::size_t left;
  std::size_t right;
  float score;
  std::size_t left_characters;
  std::size_t right_characters;
};

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, starts_character));
}

/// The ways to make a piece of two others, by their ids.
std::vector<Split> splits_of(const ScoredPiece& piece, const Ids& ids) {
  std::vector<Split> splits;
  const std::string_view text = piece.text;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (!starts_character(text[at])) continue;
    const auto left = ids.find(text.substr(0, at));
    const auto right = left == ids.end() ? left : ids.find(text.substr(at));
    if (right == ids.end()) continue;
    splits.push_back({left->second, right->second, piece.score, characters_of(left->first),
                      characters_of(right->first)});
  }
  std::ranges::sort(splits, {}, [](const Split& s) { return std::tuple(s.left, s.right); });
  return splits;
}

Json merges_of(const std::vector<ScoredPiece>& pieces, const Ids& ids) {
  std::vector<Split> splits;
  for (const ScoredPiece& piece : pieces) {
    const bool is_text = piece.kind == PieceKind::normal || piece.kind == PieceKind::user;
    if (!is_text) continue;
    const auto more = splits_of(piece, ids);
    splits.insert(splits.end(), more.begin(), more.end());
  }
  std::ranges::stable_sort(splits, std::ranges::greater{}, [](const Split& s) {
    return std::tuple(s.score, s.left_characters, s.right_characters);
  });
  Json merges = Json::array();
  for (const Split& split : splits) {
    merges.push_back({pieces[split.left].text, pieces[split.right].text});
  }
  return merges;
}

Json added_tokens_of(const std::vector<ScoredPiece>& pieces) {
  Json tokens = Json::array();
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const PieceKind kind = pieces[id].kind;
    const bool special = kind == PieceKind::unknown || kind == PieceKind::control;
    if (!special && kind != PieceKind::user) continue;
    tokens.push_back({{"id", id},
                      {"content", pieces[id].text},
                      {"single_word", false},
                      {"lstrip", false},
                      {"rstrip", false},
                      {"normalized", false},
                      {"special", special}});
  }
  return tokens;
}

Json normalizer_of(const PieceOptions& options) {
  Json steps = Json::array();
  if (options.prefix) steps.push_back({{"type", "Prepend"}, {"prepend", kSpace}});
  steps.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kSpace}});
  return {{"type", "Sequence"}, {"normalizers", steps}};
}

Json decoder_of(const PieceOptions& options) {
  Json steps = Json::array();
  steps.push_back({{"type", "Replace"}, {"pattern", {{"String", kSpace}}}, {"content", " "}});
  steps.push_back({{"type", "ByteFallback"}});
  steps.push_back({{"type", "Fuse"}});
  if (options.prefix) {
    steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  return {{"type", "Sequence"}, {"decoders", steps}};
}

Json processor_of(const std::string& begin, std::int64_t id) {
  const Json token = {{"SpecialToken", {{"id", begin}, {"type_id", 0}}}};
  const Json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  Json known = Json::object();
  known[begin] = {{"id", begin}, {"ids", Json::array({id})}, {"tokens", Json::array({begin})}};
  return {{"type", "TemplateProcessing"},
          {"single", Json::array({token, text})},
          {"pair", Json::array({token, text, {{"Sequence", {{"id", "B"}, {"type_id", 0}}}}})},
          {"special_tokens", known}};
}

Json model_of(const std::vector<ScoredPiece>& pieces, const PieceOptions& options, const Ids& ids) {
  Json vocabulary = Json::object();
  Json unknown = nullptr;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    // Ordered objects look a key up one by one; the keys are new, as ids_of() has seen.
    vocabulary.get_ref<Json::object_t&>().emplace_back(pieces[id].text, id);
    if (pieces[id].kind == PieceKind::unknown) unknown = pieces[id].text;
  }
  return {{"type", "BPE"},       {"unk_token", unknown},
          {"fuse_unk", true},    {"byte_fallback", options.byte_fallback},
          {"vocab", vocabulary}, {"merges", merges_of(pieces, ids)}};
}

}  // namespace

std::unique_ptr<Tokenizer> tokenizer_of_pieces(const std::vector<ScoredPiece>& pieces,
                                               const PieceOptions& options,
                                               const std::string& source) {
  check(pieces, source);
  const Ids ids = ids_of(pieces, source);
  Json file = {{"added_tokens", added_tokens_of(pieces)},
               {"normalizer", normalizer_of(options)},
               {"decoder", decoder_of(options)},
               {"model", model_of(pieces, options, ids)}};
  if (options.begin_id && *options.begin_id >= 0 &&
      static_cast<std::size_t>(*options.begin_id) < pieces.size()) {
    file["post_processor"] =
        processor_of(pieces[static_cast<std::size_t>(*options.begin_id)].text, *options.begin_id);
  }
  return parse_tokenizer(file.dump(), source);
}

}  // namespace hadal::data
