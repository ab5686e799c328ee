#pragma once

#include "hadal/msp/scan/finding.h"

#include <cstddef>
#include <span>

namespace hadal::msp {

/// Looks through a configuration (JSON, or a bare Jinja template) for what runs code: auto_map and
/// the like, and chat templates that reach for Python's internals. Text that is no JSON is searched
/// as it stands.
void scan_config(std::span<const std::byte> bytes, const Place& place, Findings& findings);

}  // namespace hadal::msp
