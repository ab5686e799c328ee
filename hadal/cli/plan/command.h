#pragma once

#include <functional>

#include <CLI/App.hpp>

namespace hadal::cli {

/// Adds `hadal plan`; `chosen` gets what runs it.
void add_plan_command(CLI::App& app, std::function<int()>& chosen);

}  // namespace hadal::cli
