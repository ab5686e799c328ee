#pragma once

#include "hadal/data/tokenizer/tokenizer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hadal::data {

/// What a piece of a SentencePiece vocabulary is, by the numbers of its format.
enum class PieceKind { normal = 1, unknown = 2, control = 3, user = 4, unused = 5, byte = 6 };

struct ScoredPiece {
  std::string text;
  float score = 0;
  PieceKind kind = PieceKind::normal;
};

struct PieceOptions {
  bool prefix = true;                         ///< a space goes before a text
  bool byte_fallback = true;                  ///< characters without a piece are spelled in bytes
  std::optional<std::int64_t> begin_id = {};  ///< goes before a text
};

/// A byte-pair-encoding tokenizer of pieces with scores, as SentencePiece trains them: of the
/// neighbours that make a piece, those with the highest score are merged first. It is made as
/// transformers 5.23.0 converts such a vocabulary to a tokenizer.json, whose ids it gives. `source`
/// names the file in errors. Throws FormatError for pieces that come twice, are empty or too long,
/// and for more than one unknown token.
std::unique_ptr<Tokenizer> tokenizer_of_pieces(const std::vector<ScoredPiece>& pieces,
                                               const PieceOptions& options,
                                               const std::string& source);

}  // namespace hadal::data
