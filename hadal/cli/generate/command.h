#pragma once

#include <functional>

#include <CLI/App.hpp>

namespace hadal::cli {

/// Adds `hadal generate`; `chosen` gets what runs it.
void add_generate_command(CLI::App& app, std::function<int()>& chosen);

}  // namespace hadal::cli
