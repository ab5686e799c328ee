#include "hadal/data/tokenizer/llama2c_tokenizer.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/text.h"
#include "hadal/data/tokenizer/scored_pieces.h"
#include "hadal/data/tokenizer/tokenizer.h"

#include <cstring>

namespace hadal::data {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 24;

/// Reads little-endian values one after another.
class Input {
 public:
  Input(std::string_view bytes, const std::string& source) : bytes_(bytes), source_(source) {}

  template <class Value>
  Value value() {
    Value result;
    std::memcpy(&result, take(sizeof result).data(), sizeof result);
    return result;
  }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - position_) {
      throw FormatError(concat(source_, ": byte ", position_, ": expected ", count,
                               " more bytes, but the file has ", bytes_.size() - position_));
    }
    position_ += count;
    return bytes_.substr(position_ - count, count);
  }
  bool at_end() const { return position_ == bytes_.size(); }
  std::size_t position() const { return position_; }

 private:
  std::string_view bytes_;
  const std::string& source_;
  std::size_t position_ = 0;
};

/// The format spells SentencePiece's mark for a space as a space.
std::string with_marks(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == ' ') {
      result += "\u2581";
    } else {
      result += c;
    }
  }
  return result;
}

bool is_byte(std::string_view text) {
  return text.size() == 6 && text.starts_with("<0x") && text.ends_with('>');
}

ScoredPiece read_piece(Input& input, std::int64_t id, const std::string& source) {
  const auto score = input.value<float>();
  const std::size_t place = input.position();
  const auto length = input.value<std::int32_t>();
  if (length < 0) {
    throw FormatError(concat(source, ": byte ", place, ": a piece has ", length, " bytes"));
  }
  const std::string text = with_marks(input.take(static_cast<std::size_t>(length)));
  // llama2.c's export puts line breaks around these two, as it prints a text between them.
  if (id == 0) return {text, score, PieceKind::unknown};
  if (id == 1) return {"<s>", score, PieceKind::control};
  if (id == 2) return {"</s>", score, PieceKind::control};
  return {text, score, is_byte(text) ? PieceKind::byte : PieceKind::normal};
}

}  // namespace

std::unique_ptr<Tokenizer> parse_llama2c_tokenizer(std::string_view bytes, std::int64_t vocabulary,
                                                   const std::string& source) {
  Input input(bytes, source);
  input.value<std::int32_t>();  // the longest piece, which readers in C allocate
  std::vector<ScoredPiece> pieces;
  for (std::int64_t id = 0; id < vocabulary; ++id) pieces.push_back(read_piece(input, id, source));
  if (!input.at_end()) {
    throw FormatError(concat(source, ": byte ", input.position(), ": expected the end after ",
                             vocabulary, " pieces"),
                      "the tokenizer may belong to a model with another vocabulary");
  }
  return tokenizer_of_pieces(pieces, {.begin_id = 1}, source);
}

std::unique_ptr<Tokenizer> load_llama2c_tokenizer(const std::filesystem::path& path,
                                                  std::int64_t vocabulary) {
  return parse_llama2c_tokenizer(read_file(path, kMaxBytes), vocabulary, path.string());
}

}  // namespace hadal::data
