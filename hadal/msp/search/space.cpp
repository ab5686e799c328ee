#include "hadal/msp/search/space.h"

namespace hadal::msp {

std::string_view name_of(Operation operation) {
  constexpr std::array<std::string_view, kOperations.size()> kNames{
      "conv3", "conv5", "dilated3", "separable5", "max_pool", "identity"};
  return kNames[static_cast<std::size_t>(operation)];
}

std::string text_of(const Architecture& architecture) {
  std::string text;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    if (slot > 0) text += slot == kSlots / 2 ? " | " : " ";
    text += name_of(architecture[slot]);
  }
  return text;
}

Architecture random_architecture(Random& random) {
  Architecture architecture;
  for (Operation& operation : architecture)
    operation = kOperations[random.below(kOperations.size())];
  return architecture;
}

double multiplications(Operation operation, std::int64_t channels, std::int64_t size) {
  const auto pixels = static_cast<double>(size * size);
  const auto wide = static_cast<double>(channels);
  switch (operation) {
    case Operation::conv3:
    case Operation::dilated3:
      return pixels * wide * wide * 9;
    case Operation::conv5:
      return pixels * wide * wide * 25;
    case Operation::separable5:
      return pixels * wide * (25 + wide);
    case Operation::max_pool:
    case Operation::identity:
      break;
  }
  return 0;
}

double multiplications(const Architecture& architecture, std::int64_t channels, std::int64_t half) {
  double sum = 0;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    sum += multiplications(architecture[slot], channels, slot < kSlots / 2 ? half : half / 2);
  }
  return sum;
}

}  // namespace hadal::msp
