#include "hadal/cli/common_options.h"

#include "hadal/core/error.h"

#include <cstdlib>

#include <ATen/Parallel.h>
#include <CLI/CLI.hpp>

namespace hadal::cli {

void add_threads_option(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "Of LibTorch; 0: as many as it picks itself")
      ->check(CLI::Range(0, 4096))
      ->type_name("N");
}

void use_threads(int threads) {
  if (threads > 0) at::set_num_threads(threads);
}

std::optional<std::filesystem::path> data_folder() {
  const char* value = std::getenv("HADAL_DATA");
  if (value == nullptr || *value == '\0') return std::nullopt;
  if (!std::filesystem::is_directory(value)) {
    throw InvalidArgument(concat("HADAL_DATA: ", value, " is not a folder"),
                          "name the folder of the data sets, or unset it to use generated data");
  }
  return value;
}

}  // namespace hadal::cli
