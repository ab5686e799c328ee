#include "hadal/msp/watermark/golay.h"

#include "hadal/core/random.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

namespace hadal::msp::watermark {
namespace {

Message random_message(std::uint64_t seed) {
  Random random(seed);
  Message message;
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = random.below(2) == 1;
  return message;
}

std::array<double, kCodeBits> soft_of(const CodeBits& code) {
  std::array<double, kCodeBits> soft{};
  for (std::size_t i = 0; i < soft.size(); ++i) soft[i] = code[i] ? 1 : -1;
  return soft;
}

TEST(Golay, WordsDifferInEightPlacesOrMore) {
  // A linear code: the fewest ones of a word that is not 0 are the least distance.
  std::size_t fewest = 24;
  for (unsigned data = 1; data < 4096; ++data) {
    fewest = std::min(fewest, encode(Message(data)).count());
  }
  EXPECT_EQ(fewest, 8U);
  const Message a(0x5A3), b(0x0F1);
  EXPECT_EQ(encode(a) ^ encode(b), encode(a ^ b));
}

TEST(Golay, CorrectsThreeErrorsInEveryWord) {
  const Message message = random_message(1);
  Random random(2);
  for (int round = 0; round < 20; ++round) {
    auto soft = soft_of(encode(message));
    for (std::size_t word = 0; word < kCodeBits; word += 24) {
      std::array<std::size_t, 24> places{};
      for (std::size_t i = 0; i < 24; ++i) places[i] = word + i;
      random.shuffle(places);
      for (std::size_t i = 0; i < 3; ++i) soft[places[i]] = -soft[places[i]];
    }
    EXPECT_EQ(decode(soft), message);
  }
}

TEST(Golay, TrustsSureBitsMore) {
  // Five wrong bits of a word, more than a count of errors could correct, but all of them unsure.
  const Message message = random_message(3);
  auto soft = soft_of(encode(message));
  for (std::size_t i = 0; i < 5; ++i) soft[i] = -0.1 * soft[i];
  EXPECT_EQ(decode(soft), message);
}

}  // namespace
}  // namespace hadal::msp::watermark
