#include "hadal/core/error.h"
#include "hadal/data/tokenizer/tokenizer.h"

namespace hadal::data {
namespace {

char to_byte(std::int64_t id) {
  if (id < 0 || id > 255) {
    throw InvalidArgument(concat("token id ", id, " is not in [0, 256)"),
                          "a byte tokenizer's ids are the values of bytes");
  }
  return static_cast<char>(id);
}

}  // namespace

std::vector<std::int64_t> ByteTokenizer::encode(std::string_view text, bool) const {
  std::vector<std::int64_t> ids;
  ids.reserve(text.size());
  for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
  return ids;
}

std::string ByteTokenizer::decode(std::span<const std::int64_t> ids, bool) const {
  std::string text;
  text.reserve(ids.size());
  for (const std::int64_t id : ids) text += to_byte(id);
  return text;
}

std::optional<std::int64_t> ByteTokenizer::token_to_id(std::string_view token) const {
  if (token.size() != 1) return std::nullopt;
  return static_cast<unsigned char>(token[0]);
}

std::string ByteTokenizer::id_to_token(std::int64_t id) const { return {to_byte(id)}; }

}  // namespace hadal::data
