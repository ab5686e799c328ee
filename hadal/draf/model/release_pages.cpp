#include "hadal/draf/model/release_pages.h"

#include "hadal/core/file.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <sstream>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

namespace hadal::draf {
namespace {

struct Addresses {
  std::uintptr_t begin, end;
};

/// The files that are mapped for reading alone, by address. Of such a page no change can be lost.
std::vector<Addresses> read_only_files() {
  std::vector<Addresses> found;
  std::istringstream maps(read_file("/proc/self/maps"));
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0, inode = 0;
    char rights[8] = "";
    if (std::sscanf(line.c_str(), "%lx-%lx %7s %*s %*s %lu", &begin, &end, rights, &inode) != 4) {
      continue;
    }
    if (inode != 0 && std::string(rights).starts_with("r--")) found.push_back({begin, end});
  }
  return found;
}

}  // namespace

void release_pages(const std::vector<std::span<const std::byte>>& ranges) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto files = read_only_files();
  for (const auto& range : ranges) {
    const auto first = reinterpret_cast<std::uintptr_t>(range.data());
    const std::uintptr_t begin = (first + page - 1) / page * page;
    const std::uintptr_t end = (first + range.size()) / page * page;
    const bool in_file = std::ranges::any_of(
        files, [&](const Addresses& file) { return file.begin <= begin && end <= file.end; });
    if (begin < end && in_file) {
      ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // a hint at that
    }
  }
}

}  // namespace hadal::draf
