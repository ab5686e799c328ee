#pragma once

#include <filesystem>
#include <optional>

#include <CLI/App.hpp>

namespace hadal::cli {

/// Adds --threads, of LibTorch, where 0 leaves it to LibTorch; apply with use_threads().
void add_threads_option(CLI::App& command, int& threads);
void use_threads(int threads);

/// The folder that HADAL_DATA names, or nothing where it is unset. Throws InvalidArgument where it
/// names no folder, because a run on other data than was asked for would mislead.
std::optional<std::filesystem::path> data_folder();

}  // namespace hadal::cli
