#pragma once

#include <functional>

#include <CLI/App.hpp>

namespace hadal::cli {

/// Adds `hadal launch`, which starts a program as several processes of one job on this machine.
void add_launch_command(CLI::App& app, std::function<int()>& chosen);

}  // namespace hadal::cli
