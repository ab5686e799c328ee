#pragma once

#include <cstdint>
#include <string>

namespace hadal::data {

/// Story `index` of a text: a title and 3 to 8 paragraphs, about 1,000 to 3,000 bytes. It has a
/// hero, a friend, a rival, a place, and a thing that one of them hid; what it says of them once
/// holds to its end.
std::string tell_story(std::uint64_t seed, std::uint64_t index);

}  // namespace hadal::data
