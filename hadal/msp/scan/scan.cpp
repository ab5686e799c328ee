#include "hadal/msp/scan/scan.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/msp/scan/content.h"

#include <algorithm>
#include <system_error>

namespace hadal::msp {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 100'000;

/// The files of a folder, relative to it.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (error) break;
    if (it->is_directory() && it->path().filename() == ".git") it.disable_recursion_pending();
    if (!it->is_regular_file()) continue;
    if (files.size() == kMostFiles) {
      throw InvalidArgument(concat(folder.string(), ": has more than ", kMostFiles, " files"),
                            "name the model's own folder");
    }
    files.push_back(it->path().lexically_relative(folder));
  }
  if (error) throw IoError(concat("cannot list ", folder.string(), ": ", error.message()));
  if (files.empty()) {
    throw InvalidArgument(concat(folder.string(), ": holds no file"),
                          "name a model's file or folder");
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

ScanReport scan_model(const fs::path& path) {
  const bool is_folder = fs::is_directory(path);
  const auto files = is_folder ? files_of(path) : std::vector<fs::path>{path.filename()};
  ScanReport report;
  Findings findings;
  for (const fs::path& file : files) {
    const fs::path whole = is_folder ? path / file : path;
    const MappedFile mapped(whole);
    const std::string name = file.generic_string();
    ContentScan content(findings);
    const auto kind = content.scan(mapped.bytes(), name, {.file = name, .member = {}});
    report.files.push_back({.path = name,
                            .kind = std::string(kind),
                            .bytes = mapped.bytes().size(),
                            .sha256 = sha256(mapped.bytes()),
                            .storages = content.storages()});
  }
  report.findings = findings.all();
  return report;
}

}  // namespace hadal::msp
