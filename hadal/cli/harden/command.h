#pragma once

#include <functional>

#include <CLI/App.hpp>

namespace hadal::cli {

/// Adds `hadal harden` to `app`. Once parsed, `chosen` runs it and returns the exit status.
void add_harden_command(CLI::App& app, std::function<int()>& chosen);

}  // namespace hadal::cli
