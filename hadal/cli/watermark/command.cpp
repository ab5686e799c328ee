#include "hadal/cli/watermark/command.h"

#include "hadal/cli/exit_code.h"
#include "hadal/core/error.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/msp/watermark/weight_watermark.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

struct Arguments {
  std::filesystem::path model;
  std::filesystem::path output;
  std::filesystem::path key;
  std::string owner;
  msp::EmbedOptions options;
};

msp::Weights weights_of(const SafetensorsReader& reader) {
  msp::Weights weights;
  for (const std::string& name : reader.names()) weights[name] = reader.tensor(name);
  return weights;
}

int make_key(const Arguments& arguments) {
  msp::write_watermark_key(arguments.key, msp::make_watermark_key());
  std::printf("wrote %s; keep it secret, and keep it\n", arguments.key.c_str());
  return kDone;
}

int embed(const Arguments& arguments) {
  const SafetensorsReader reader(arguments.model);
  const auto result =
      msp::embed_watermark(weights_of(reader), msp::read_watermark_key(arguments.key),
                           arguments.owner, arguments.options);
  write_safetensors(arguments.output, result.weights, reader.metadata());
  std::printf("256 bits in %lld weights, which changed by %.2f %%\nwrote %s\n",
              static_cast<long long>(result.carriers), 100 * result.relative_change,
              arguments.output.c_str());
  return kDone;
}

int verify(const Arguments& arguments) {
  const SafetensorsReader reader(arguments.model);
  const auto claim = msp::verify_watermark(weights_of(reader),
                                           msp::read_watermark_key(arguments.key), arguments.owner);
  std::printf("%lld of %lld code bits match, by chance with p = 1e%.1f\n",
              static_cast<long long>(claim.matches), static_cast<long long>(claim.bits),
              claim.log10_p);
  std::printf("%s\n",
              claim.holds() ? "the watermark is there" : "no watermark of this key and owner");
  if (claim.holds()) {
    std::printf("its 256 bits are %s\n", claim.is_read ? "read without an error" : "damaged");
  }
  return claim.holds() ? kDone : kVerdict;
}

void add_shared(CLI::App& command, Arguments& arguments, bool has_model) {
  command.add_option(has_model ? "--key" : "key", arguments.key, "The file of the secret key")
      ->required()
      ->type_name("FILE");
  if (!has_model) return;
  command.add_option("model", arguments.model, "A safetensors file, or a folder with one")
      ->required();
  command.add_option("--owner", arguments.owner, "The text that the watermark stands for")
      ->required();
}

}  // namespace

void add_watermark_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App& watermark = *app.add_subcommand(
      "watermark", "Hide a proof of ownership in a model's weights, or look for it");
  watermark.require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();
  const auto add = [&](const char* name, const char* what, int (*run)(const Arguments&)) {
    CLI::App& command = *watermark.add_subcommand(name, what);
    add_shared(command, *arguments, run != make_key);
    command.callback(
        [arguments, run, &chosen] { chosen = [arguments, run] { return run(*arguments); }; });
    return &command;
  };
  add("key", "Make a secret key", make_key);
  CLI::App& embedding = *add("embed", "Write a model with the watermark", embed);
  embedding.add_option("output", arguments->output, "The new safetensors file")->required();
  embedding
      .add_option("--strength", arguments->options.strength,
                  "Standard deviations that each bit is moved by")
      ->check(CLI::Range(0.5, 20.0))
      ->capture_default_str();
  add("verify", "Say whether a model has it, and the chance that it seems so: status 1 if not",
      verify);
}

}  // namespace hadal::cli
