#include "hadal/draf/server/api/common_fields.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/draf/server/api/error.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace hadal::draf::server {
namespace {

constexpr std::int64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();

std::map<std::int64_t, double> read_logit_bias(const Fields& fields, const ServedModel& model) {
  constexpr double kMost = 100;
  const auto* value = fields.find("logit_bias");
  if (!value) return {};
  if (!value->is_object()) wrong_type("logit_bias", "an object of token ids and numbers", *value);
  std::map<std::int64_t, double> biases;
  const std::int64_t vocabulary = model.tokenizer->vocabulary_size();
  for (const auto& [name, bias] : value->items()) {
    std::int64_t id = -1;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data(), end, id);
    if (parsed.ec != std::errc() || parsed.ptr != end || id < 0 || id >= vocabulary) {
      throw bad_field("logit_bias", concat("logit_bias: expected token ids from 0 to ",
                                           vocabulary - 1, ", found ", quote(name)));
    }
    if (!bias.is_number()) wrong_type("logit_bias", "numbers", bias);
    const double number = bias.get<double>();
    if (!(number >= -kMost && number <= kMost)) {
      throw bad_field("logit_bias", concat("logit_bias: expected numbers from ", -kMost, " to ",
                                           kMost, ", found ", number));
    }
    biases[id] = number;
  }
  return biases;
}

}  // namespace

void check_model(const Fields& fields, const ServedModel& model) {
  const auto name = fields.text("model");
  if (name && *name != model.name) {
    throw ApiError(
        concat("the model ", quote(*name), " is not served here; ", quote(model.name), " is"),
        {.status = 404, .param = "model", .code = "model_not_found"});
  }
}

void refuse_unsupported(const Fields& fields) {
  if (const auto format = fields.object("response_format")) {
    const auto type = format->text("type");
    if (type != "text") {
      throw bad_field("response_format",
                      concat("response_format: only the type \"text\" is served, found ",
                             type ? quote(*type) : "none"));
    }
  }
  for (const char* name : {"functions", "function_call"}) {
    fields.refuse(name, "is not served: use \"tools\"");
  }
  for (const char* name : {"guided_json", "guided_regex", "guided_choice", "guided_grammar",
                           "structured_outputs", "use_beam_search", "audio", "prediction"}) {
    fields.refuse(name, "is not served");
  }
  if (const auto* modalities = fields.find("modalities");
      modalities && *modalities != nlohmann::json::array({"text"})) {
    throw bad_field("modalities", "modalities: only text is served");
  }
}

void read_stream(const Fields& fields, Call& call) {
  call.stream = fields.flag("stream", false);
  const auto options = fields.object("stream_options");
  if (!options) return;
  if (!call.stream) {
    throw bad_field("stream_options", "stream_options: goes with \"stream\": true only");
  }
  call.include_usage = options->flag("include_usage", false);
}

SamplingOptions read_sampling(const Fields& fields, const ServedModel& model) {
  const SamplingOptions& usual = model.sampling;
  SamplingOptions sampling = usual;
  sampling.temperature = fields.number("temperature", 0, 2, usual.temperature);
  sampling.top_p = fields.number("top_p", 0, 1, usual.top_p);
  if (sampling.top_p == 0) {
    throw bad_field("top_p", "top_p: expected a number above 0 and at most 1, found 0");
  }
  // vLLM's clients say -1 for no limit.
  sampling.top_k = std::max<std::int64_t>(
      0,
      fields.integer("top_k", -1, std::numeric_limits<std::int32_t>::max()).value_or(usual.top_k));
  sampling.min_p = fields.number("min_p", 0, 1, usual.min_p);
  sampling.presence_penalty = fields.number("presence_penalty", -2, 2, usual.presence_penalty);
  sampling.frequency_penalty = fields.number("frequency_penalty", -2, 2, usual.frequency_penalty);
  constexpr double kLeast = 0.01;
  constexpr double kMost = 100;
  sampling.repetition_penalty =
      fields.number("repetition_penalty", kLeast, kMost, usual.repetition_penalty);
  if (fields.find("logit_bias")) sampling.logit_bias = read_logit_bias(fields, model);
  const auto seed = fields.integer("seed", std::numeric_limits<std::int64_t>::min(), kMaxInteger);
  if (seed) sampling.seed = static_cast<std::uint64_t>(*seed);
  return sampling;
}

std::vector<std::string> read_stop(const Fields& fields) {
  constexpr std::size_t kMost = 16;
  constexpr std::size_t kLongest = 1024;
  auto stop = fields.texts("stop", kMost);
  for (const std::string& text : stop) {
    if (text.empty() || text.size() > kLongest) {
      throw bad_field("stop", concat("stop: expected texts of 1 to ", kLongest, " bytes, found ",
                                     text.size(), " bytes"));
    }
  }
  return stop;
}

void check_length(std::size_t tokens, const std::string& param, const ServedModel& model,
                  const CallLimits& limits) {
  const auto length = static_cast<std::int64_t>(tokens);
  std::int64_t most = model.context - 1;
  if (limits.max_prompt_tokens > 0) most = std::min(most, limits.max_prompt_tokens);
  if (length > most) {
    throw ApiError(concat("the prompt has ", length, " tokens; the model's context of ",
                          model.context, " tokens and this server take at most ", most),
                   {.param = param, .code = "context_length_exceeded"});
  }
  if (length == 0) throw bad_field(param, concat(param, ": the prompt has no tokens"));
}

void add_choices(Call& call, const Request& request, std::int64_t n, const std::string& echo) {
  call.choices_per_prompt = n;
  call.prompt_tokens += static_cast<std::int64_t>(request.prompt.size());
  for (std::int64_t i = 0; i < n; ++i) {
    call.requests.push_back(request);
    auto& seed = call.requests.back().sampling.seed;
    if (seed) *seed += static_cast<std::uint64_t>(i);
    call.echoes.push_back(echo);
  }
}

std::vector<std::int64_t> read_token_ids(const nlohmann::json& value, const ServedModel& model,
                                         const std::string& param) {
  const std::int64_t vocabulary = model.tokenizer->vocabulary_size();
  const std::string expected = concat("an array of token ids from 0 to ", vocabulary - 1);
  if (!value.is_array()) wrong_type(param, expected, value);
  std::vector<std::int64_t> ids;
  for (const auto& item : value) {
    // A negative number becomes one that is above all.
    const auto id = item.is_number_integer() ? item.get<std::uint64_t>() : ~std::uint64_t{0};
    if (id >= static_cast<std::uint64_t>(vocabulary)) wrong_type(param, expected, item);
    ids.push_back(static_cast<std::int64_t>(id));
  }
  return ids;
}

std::vector<std::int64_t> encode_field(const ServedModel& model, std::string_view text,
                                       bool add_special_tokens, const std::string& param) {
  try {
    return model.tokenizer->encode(text, add_special_tokens);
  } catch (const InvalidArgument& error) {
    throw bad_field(param, concat(param, ": ", error.what()));
  }
}

}  // namespace hadal::draf::server
