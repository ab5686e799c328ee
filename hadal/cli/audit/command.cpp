#include "hadal/cli/audit/command.h"

#include "hadal/cli/exit_code.h"
#include "hadal/core/file.h"
#include "hadal/msp/audit/report.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

struct Arguments {
  std::filesystem::path model;
  std::string json;
  std::string sarif;
  std::string html;
};

/// Writes `text` to the file, or prints it where that is "-".
void write(const std::string& file, const std::string& text) {
  if (file == "-") {
    std::cout << text;
  } else if (!file.empty()) {
    write_file(file, text);
  }
}

int audit(const Arguments& arguments) {
  const msp::AuditReport report = msp::audit_model(arguments.model);
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
  const auto output = [&](const char* name, std::string& file, const char* what) {
    command.add_option(name, file, what)->type_name("FILE");
  };
  output("--json", arguments->json, "Write all of it there; - prints it instead of the text");
  output("--sarif", arguments->sarif, "The findings as SARIF 2.1.0; - prints them");
  output("--html", arguments->html, "A page that needs no network; - prints it");
  command.footer(
      "Nothing is loaded or run. Exit status: 0 clean, 1 warnings or errors, 2 not audited.\n"
      "docs/audit.md has the rules.");
  command.callback([arguments, &chosen] { chosen = [arguments] { return audit(*arguments); }; });
}

}  // namespace hadal::cli
