#include "hadal/draf/engine/choice.h"

#include "hadal/core/error.h"

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

namespace hadal::draf {

using nlohmann::json;

std::vector<Choice> choose(const std::vector<Slice>& slices, const at::Tensor& logits) {
  const auto count = static_cast<std::int64_t>(slices.size());
  std::vector<Choice> choices(slices.size());
  float* numbers = logits.mutable_data_ptr<float>();
  const std::int64_t vocabulary = count == 0 ? 0 : logits.size(1);
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto at = static_cast<std::size_t>(i);
      auto& generation = static_cast<Generation&>(*slices[at].work);
      try {
        choices[at].token =
            generation.choose({numbers + i * vocabulary, static_cast<std::size_t>(vocabulary)});
      } catch (const Error& error) {
        choices[at].error = error.what();
      }
    }
  });
  return choices;
}

std::vector<std::uint8_t> bytes_of(const std::vector<Choice>& choices) {
  json to = json::array();
  for (const Choice& choice : choices) {
    const GeneratedToken& token = choice.token;
    if (!choice.error.empty()) {
      to.push_back(choice.error);
    } else if (token.best.empty() && token.logprob == 0) {
      to.push_back(token.id);
    } else {
      json best = json::array();
      for (const TokenLogprob& one : token.best) best.push_back({one.id, one.logprob});
      to.push_back({token.id, token.logprob, std::move(best)});
    }
  }
  return json::to_cbor(to);
}

std::vector<Choice> choices_of(std::span<const std::uint8_t> bytes) {
  try {
    std::vector<Choice> choices;
    for (const json& from : json::from_cbor(bytes.begin(), bytes.end())) {
      Choice& choice = choices.emplace_back();
      if (from.is_string()) {
        choice.error = from.get<std::string>();
      } else if (from.is_number()) {
        choice.token.id = from.get<std::int64_t>();
      } else {
        choice.token.id = from.at(0).get<std::int64_t>();
        choice.token.logprob = from.at(1).get<double>();
        for (const json& one : from.at(2)) {
          choice.token.best.push_back(
              {.id = one.at(0).get<std::int64_t>(), .logprob = one.at(1).get<double>()});
        }
      }
    }
    return choices;
  } catch (const json::exception& error) {
    throw FormatError(
        concat("the choices of an engine's last stage are malformed: ", error.what()));
  }
}

}  // namespace hadal::draf
