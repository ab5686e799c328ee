#include "hadal/data/tokenizer/sentencepiece.h"

#include "hadal/core/error.h"
#include "hadal/data/tokenizer/protobuf.h"
#include "hadal/data/tokenizer/scored_pieces.h"

#include <bit>
#include <vector>

namespace hadal::data {
namespace {

constexpr std::size_t kMaxPieces = std::size_t{1} << 22;

/// A model's fields that matter here, with the format's defaults.
struct Model {
  std::vector<ScoredPiece> pieces;
  std::uint64_t type = 1;  // unigram
  bool byte_fallback = false;
  bool space_is_suffix = false;
  std::int64_t begin_id = 1;
  bool has_character_map = false;
  bool prefix = true;
  bool removes_spaces = true;
  bool marks_spaces = true;
};

ScoredPiece read_piece(std::string_view message, const std::string& source) {
  ScoredPiece piece;
  ProtobufReader reader(message, source);
  while (const auto field = reader.next()) {
    if (field->number == 1) piece.text = field->bytes;
    if (field->number == 2) {
      piece.score = std::bit_cast<float>(static_cast<std::uint32_t>(field->value));
    }
    if (field->number == 3) {
      if (field->value < 1 || field->value > 6) {
        throw FormatError(concat(source, ": a piece has the unknown type ", field->value));
      }
      piece.kind = static_cast<PieceKind>(field->value);
    }
  }
  return piece;
}

void read_trainer(std::string_view message, const std::string& source, Model& model) {
  ProtobufReader reader(message, source);
  while (const auto field = reader.next()) {
    if (field->number == 3) model.type = field->value;
    if (field->number == 24) model.space_is_suffix = field->value != 0;
    if (field->number == 35) model.byte_fallback = field->value != 0;
    // Written as an int32 in 64 bits; -1 says that there is none.
    if (field->number == 41) model.begin_id = static_cast<std::int32_t>(field->value);
  }
}

void read_normalizer(std::string_view message, const std::string& source, Model& model) {
  ProtobufReader reader(message, source);
  while (const auto field = reader.next()) {
    if (field->number == 2) model.has_character_map = !field->bytes.empty();
    if (field->number == 3) model.prefix = field->value != 0;
    if (field->number == 4) model.removes_spaces = field->value != 0;
    if (field->number == 5) model.marks_spaces = field->value != 0;
  }
}

void refuse_what_is_unknown(const Model& model, const std::string& source) {
  const auto refuse = [&](const char* what) {
    throw Unsupported(concat(source, ": ", what),
                      "use the model's tokenizer.json where there is one; transformers makes one: "
                      "AutoTokenizer.from_pretrained(folder).save_pretrained(folder)");
  };
  if (model.type != 2) refuse("a SentencePiece model other than BPE is not supported");
  if (model.has_character_map) refuse("a map of characters before the cut is not supported");
  if (model.removes_spaces) refuse("the removal of spaces before the cut is not supported");
  if (!model.marks_spaces) refuse("spaces that are not marked are not supported");
  if (model.space_is_suffix) refuse("spaces at the end of pieces are not supported");
}

}  // namespace

std::unique_ptr<Tokenizer> parse_sentencepiece(std::string_view bytes, const std::string& source) {
  Model model;
  ProtobufReader reader(bytes, source);
  while (const auto field = reader.next()) {
    if (field->number == 1) {
      if (model.pieces.size() == kMaxPieces) {
        throw FormatError(concat(source, ": there are more than ", kMaxPieces, " pieces"));
      }
      model.pieces.push_back(read_piece(field->bytes, source));
    }
    if (field->number == 2) read_trainer(field->bytes, source, model);
    if (field->number == 3) read_normalizer(field->bytes, source, model);
  }
  if (model.pieces.empty()) throw FormatError(concat(source, ": there are no pieces"));
  refuse_what_is_unknown(model, source);
  PieceOptions options{.prefix = model.prefix, .byte_fallback = model.byte_fallback};
  if (model.begin_id >= 0) options.begin_id = model.begin_id;
  return tokenizer_of_pieces(model.pieces, options, source);
}

}  // namespace hadal::data
