#pragma once

#include "hadal/msp/scan/finding.h"
#include "hadal/msp/scan/pickle/pickle.h"
#include "hadal/msp/scan/scan.h"
#include "hadal/msp/scan/zip/directory.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace hadal::msp {

/// Looks into content of any kind: by its bytes what it is, and by its name what it is taken for.
class ContentScan {
 public:
  explicit ContentScan(Findings& findings) : findings_(findings) {}

  /// Scans `bytes`, called `name`, and what lies within it, down to a few levels. Returns what it
  /// is: "zip", "pickle", "safetensors", "numpy", "python", "json", "gzip", "program" or "other".
  std::string_view scan(std::span<const std::byte> bytes, std::string_view name,
                        const Place& place);
  /// The storages of the outermost archive.
  const std::vector<StoredTensor>& storages() const { return storages_; }

 private:
  std::string_view scan_claimed(std::span<const std::byte> bytes, std::string_view name,
                                const Place& place);
  void scan_zip(std::span<const std::byte> bytes, const Place& place);
  void scan_gzip(std::span<const std::byte> bytes, std::string_view name, const Place& place);
  void scan_numpy(std::span<const std::byte> bytes, const Place& place);
  /// Pickles one after the other, which the name or the first bytes promise.
  void scan_pickles(std::span<const std::byte> bytes, const Place& place);
  /// One pickle of data that may be none: findings are kept only where it would do harm.
  void probe_pickle(std::span<const std::byte> bytes, const Place& place);
  void scan_payloads(const pickle::Result& result, const Place& place);

  void keep_storages(const zip::Directory& directory);

  Findings& findings_;
  std::vector<pickle::Storage> named_;
  std::vector<StoredTensor> storages_;
  pickle::Context context_;
  int depth_ = 0;
};

}  // namespace hadal::msp
