#include "hadal/data/tokenizer/normalizer.h"

#include "hadal/core/text.h"
#include "hadal/data/tokenizer/pattern.h"
#include "hadal/data/tokenizer/unicode.h"

#include <utility>
#include <vector>

namespace hadal::data {
namespace {

Normalizer form(const JsonNode& node, NormalizationForm form) {
  node.allow_only({"type"});
  return [form](std::string text, std::size_t) { return normalize(text, form); };
}

Normalizer lower_case(const JsonNode& node) {
  node.allow_only({"type"});
  return [](std::string text, std::size_t) { return lowercase(text); };
}

Normalizer prepend(const JsonNode& node) {
  node.allow_only({"type", "prepend"});
  return [prefix = node.at("prepend").string()](std::string text, std::size_t) {
    return text.empty() ? text : prefix + text;
  };
}

Normalizer replace(const JsonNode& node) {
  return [replacement = read_replacement(node)](std::string text, std::size_t max_bytes) {
    return replacement.apply(text, max_bytes);
  };
}

Normalizer strip(const JsonNode& node) {
  node.allow_only({"type", "strip_left", "strip_right"});
  return [left = node.at("strip_left").boolean(), right = node.at("strip_right").boolean()](
             std::string text, std::size_t) {
    if (right) text.resize(text.size() - trailing_white_space(text));
    if (left) text.erase(0, leading_white_space(text));
    return text;
  };
}

Normalizer sequence(const JsonNode& node) {
  node.allow_only({"type", "normalizers"});
  std::vector<Normalizer> steps;
  for (const JsonNode& step : node.at("normalizers").elements()) {
    steps.push_back(read_normalizer(step));
    if (!steps.back()) step.fail("expected a normalizer, found nothing");
  }
  return [steps = std::move(steps)](std::string text, std::size_t max_bytes) {
    for (const Normalizer& step : steps) text = step(std::move(text), max_bytes);
    return text;
  };
}

}  // namespace

Normalizer read_normalizer(const JsonNode& node) {
  if (node.is_null()) return nullptr;
  const std::string& type = node.at("type").string();
  if (type == "NFC") return form(node, NormalizationForm::nfc);
  if (type == "NFD") return form(node, NormalizationForm::nfd);
  if (type == "NFKC") return form(node, NormalizationForm::nfkc);
  if (type == "NFKD") return form(node, NormalizationForm::nfkd);
  if (type == "Lowercase") return lower_case(node);
  if (type == "Prepend") return prepend(node);
  if (type == "Replace") return replace(node);
  if (type == "Strip") return strip(node);
  if (type == "Sequence") return sequence(node);
  node.unsupported("the normalizer " + quote(type));
}

}  // namespace hadal::data
