#pragma once

#include <functional>

#include <CLI/App.hpp>

namespace hadal::cli {

/// Adds `hadal bench` with its subcommands to `app`. Once parsed, `chosen` runs the one that was
/// given and returns the exit status.
void add_bench_command(CLI::App& app, std::function<int()>& chosen);

// One file each.
void add_bench_run(CLI::App& bench, std::function<int()>& chosen);
void add_bench_list(CLI::App& bench, std::function<int()>& chosen);
void add_bench_compare(CLI::App& bench, std::function<int()>& chosen);
void add_bench_report(CLI::App& bench, std::function<int()>& chosen);
void add_bench_worker(CLI::App& bench, std::function<int()>& chosen);

}  // namespace hadal::cli
