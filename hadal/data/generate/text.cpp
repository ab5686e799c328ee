#include "hadal/data/generate/text.h"

#include "hadal/data/generate/story.h"

namespace hadal::data {

std::string generate_text(std::size_t bytes, std::uint64_t seed) {
  std::string text;
  for (std::uint64_t index = 0; text.size() < bytes; ++index) text += tell_story(seed, index);
  text.resize(bytes);
  return text;
}

}  // namespace hadal::data
