#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace hadal::draf::plan {

/// A line of a table of published numbers, by the names of its columns.
using PublishedRow = std::map<std::string, std::string>;

inline double number(const PublishedRow& row, const std::string& column) {
  return std::stod(row.at(column));
}

/// Reads a table that is known to be sound: comments begin with #, the first line names columns.
inline std::vector<PublishedRow> read_table(const std::filesystem::path& path) {
  const auto cells = [](const std::string& line) {
    std::vector<std::string> found;
    std::stringstream rest(line);
    for (std::string cell; std::getline(rest, cell, ',');) found.push_back(cell);
    return found;
  };
  std::ifstream file(path);
  std::vector<std::string> names;
  std::vector<PublishedRow> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto values = cells(line);
    if (names.empty()) {
      names = values;
      continue;
    }
    PublishedRow row;
    for (std::size_t i = 0; i < names.size(); ++i) row[names[i]] = values.at(i);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace hadal::draf::plan
