#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace hadal::cli {

/// Adds `hadal launch`, which starts a program as several processes of one job on this machine.
void add_launch_command(CLI::App& app, std::function<int()>& chosen);

/// `arguments`, those of the program without its name, less the "--" before the program to launch:
/// CLI11 would keep what follows from the subcommand, and does right without it.
std::vector<std::string> without_separator(std::vector<std::string> arguments);

}  // namespace hadal::cli
