#include "hadal/cli/audit/command.h"

#include "hadal/cli/common_options.h"
#include "hadal/cli/exit_code.h"
#include "hadal/core/file.h"
#include "hadal/core/interrupt.h"
#include "hadal/data/sets/sets.h"
#include "hadal/msp/audit/report.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

struct Arguments {
  std::filesystem::path model;
  std::string data;
  std::filesystem::path clean;
  int threads = 0;
  std::string json;
  std::string sarif;
  std::string html;
};

constexpr std::uint64_t kSeed = 1;

/// Writes `text` to the file, or prints it where that is "-".
void write(const std::string& file, const std::string& text) {
  if (file == "-") {
    std::cout << text;
  } else if (!file.empty()) {
    write_file(file, text);
  }
}

/// Clean images: of a set by its name, or of a file.
at::Tensor images_of(const std::string& data) {
  const auto& names = data::image_set_names();
  if (std::ranges::find(names, data) == names.end()) return msp::read_images(data);
  return data::load_image_set(data, data_folder(), kSeed).test.images;
}

std::optional<msp::BackdoorScanOptions> behaviour_of(const Arguments& arguments) {
  if (arguments.data.empty()) return std::nullopt;
  msp::BackdoorScanOptions options{.images = images_of(arguments.data),
                                   .search = {.seed = kSeed, .check_interrupt = check_interrupt}};
  if (!arguments.clean.empty()) options.clean = arguments.clean;
  return options;
}

int audit(const Arguments& arguments) {
  use_threads(arguments.threads);
  const InterruptGuard guard;
  const msp::AuditReport report = msp::audit_model(arguments.model, behaviour_of(arguments));
  write(arguments.json, msp::audit_json(report));
  write(arguments.sarif, msp::audit_sarif(report));
  write(arguments.html, msp::audit_html(report));
  const bool printed = arguments.json == "-" || arguments.sarif == "-" || arguments.html == "-";
  if (!printed) std::cout << msp::audit_text(report);
  return report.is_clean() ? kDone : kVerdict;
}

}  // namespace

void add_audit_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App& command = *app.add_subcommand(
      "audit", "Look through a model's files for what would harm whoever loads them");
  const auto arguments = std::make_shared<Arguments>();
  command
      .add_option("model", arguments->model, "A file, or a folder of which all files are audited")
      ->required();
  CLI::Option* data = command.add_option(
      "--data", arguments->data,
      "Also run the model, safetensors of one of Hadal's networks for images, and look for a "
      "backdoor with clean images: those of a set, such as mnist, or the tensor images of a "
      "safetensors file");
  command
      .add_option("--clean", arguments->clean,
                  "20 or more clean models of the same network, safetensors: without them a chance "
                  "cannot be told")
      ->needs(data)
      ->type_name("FOLDER");
  add_threads_option(command, arguments->threads);
  const auto output = [&](const char* name, std::string& file, const char* what) {
    command.add_option(name, file, what)->type_name("FILE");
  };
  output("--json", arguments->json, "Write all of it there; - prints it instead of the text");
  output("--sarif", arguments->sarif, "The findings as SARIF 2.1.0; - prints them");
  output("--html", arguments->html, "A page that needs no network; - prints it");
  command.footer(
      "Nothing is loaded or run without --data. Exit status: 0 clean, 1 warnings or errors, 2 not "
      "audited.\n"
      "docs/audit.md has the rules.");
  command.callback([arguments, &chosen] { chosen = [arguments] { return audit(*arguments); }; });
}

}  // namespace hadal::cli
