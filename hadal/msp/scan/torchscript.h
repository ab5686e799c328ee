#pragma once

#include "hadal/msp/scan/finding.h"
#include "hadal/msp/scan/zip/directory.h"

#include <cstddef>
#include <span>
#include <string_view>

namespace hadal::msp {

/// Whether an archive is one of TorchScript: it has code/ and constants.pkl in its folder.
bool is_torchscript(const zip::Directory& directory);

/// Whether a member of such an archive is source text of TorchScript.
bool is_script(std::string_view name);

/// Looks through TorchScript's source for operators that reach files and for those of libraries
/// other than PyTorch.
void scan_script(std::span<const std::byte> bytes, const Place& place, Findings& findings);

}  // namespace hadal::msp
