#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace hadal::data {

/// Runs `arguments[0]`, found on PATH, without a shell, with no input and its error messages
/// dropped, and returns what it writes. Throws IoError where it cannot be started, fails, is killed
/// for taking longer than `limit`, or writes more than `max_bytes`.
std::string run_program(const std::vector<std::string>& arguments, std::chrono::milliseconds limit,
                        std::size_t max_bytes);

}  // namespace hadal::data
