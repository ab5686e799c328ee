#include "hadal/cli/model/command.h"

#include "hadal/cli/exit_code.h"
#include "hadal/cli/model/show.h"
#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/models/llama/make_model.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace hadal::cli {
namespace {

struct MakeArguments {
  std::filesystem::path folder;
  std::string family = "llama";
  bool tiny = false;
  bool one_billion = false;
  std::uint64_t seed = 0;
};

models::LlamaFamily family_of(const std::string& name) {
  std::vector<std::string> known;
  for (const auto family : choices_of(static_cast<const models::LlamaFamily*>(nullptr))) {
    if (name == name_of(family)) return family;
    known.emplace_back(name_of(family));
  }
  throw InvalidArgument(concat("--family: expected one of ", join(known), ", not ", quote(name)));
}

int make(const MakeArguments& arguments) {
  const auto family = family_of(arguments.family);
  if (arguments.tiny == arguments.one_billion) {
    throw InvalidArgument("expected one of --tiny and --billion");
  }
  if (arguments.one_billion && family != models::LlamaFamily::llama) {
    throw InvalidArgument("--billion makes a llama only");
  }
  models::write_random_model(
      arguments.folder, arguments.tiny ? models::tiny_config(family) : models::one_billion_config(),
      arguments.seed);
  return kDone;
}

int show(const std::filesystem::path& folder) {
  // Tokens come from a file, which a terminal must not obey.
  std::string text = model_text(folder);
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
    std::printf("%s\n", printable(text.substr(begin, end - begin)).c_str());
    begin = end + 1;
  }
  return kDone;
}

void add_make(CLI::App& model, std::function<int()>& chosen) {
  CLI::App& command = *model.add_subcommand(
      "make", "Write a model with random weights, as an ordinary Hugging Face folder");
  const auto arguments = std::make_shared<MakeArguments>();
  command.add_option("folder", arguments->folder, "The new folder")->required();
  command.add_flag("--tiny", arguments->tiny, "4 layers of width 64, to try things out");
  command.add_flag("--billion", arguments->one_billion,
                   "The shape of Llama 3.2 1B in bf16 (2.5 GB), to measure speed");
  command.add_option("--family", arguments->family, "llama, mistral, qwen2 or qwen3")
      ->capture_default_str();
  command.add_option("--seed", arguments->seed, "Of the weights")->capture_default_str();
  command.callback([arguments, &chosen] { chosen = [arguments] { return make(*arguments); }; });
}

void add_show(CLI::App& model, std::function<int()>& chosen) {
  CLI::App& command = *model.add_subcommand(
      "show", "Check a model's folder, and print what it holds and the memory that it takes");
  const auto folder = std::make_shared<std::filesystem::path>();
  command.add_option("folder", *folder, "The folder, as Hugging Face or llama2.c lay it out")
      ->required();
  command.callback([folder, &chosen] { chosen = [folder] { return show(*folder); }; });
}

}  // namespace

void add_model_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App& model = *app.add_subcommand("model", "Make a language model, or look at one");
  model.require_subcommand(1);
  add_make(model, chosen);
  add_show(model, chosen);
}

}  // namespace hadal::cli
