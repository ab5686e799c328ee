#pragma once

#include "hadal/msp/scan/rule.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hadal::msp {

/// Where in a model something is.
struct Place {
  std::string file;  ///< relative to the folder that was scanned, or the file's own name
  std::string
      member;  ///< of an archive, or a tensor; those within members after " > "; may be empty

  /// What lies at `name` within.
  Place within(const std::string& name) const;
};

struct Finding {
  const Rule* rule = nullptr;
  Place place;
  std::optional<std::uint64_t> offset;  ///< a byte of the member, unpacked, or else of the file
  std::string text;                     ///< what was found, in a sentence, printable
};

/// Collects findings, at most kMost of them, because hostile files can hold millions; the last says
/// that there were more.
class Findings {
 public:
  static constexpr std::size_t kMost = 1000;

  void add(const Rule& rule, const Place& place, std::optional<std::uint64_t> offset,
           std::string text);
  const std::vector<Finding>& all() const { return findings_; }
  /// Whether any is a warning or an error.
  bool any() const;

 private:
  std::vector<Finding> findings_;
};

}  // namespace hadal::msp
