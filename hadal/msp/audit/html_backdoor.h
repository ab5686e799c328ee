#pragma once

#include "hadal/core/markup.h"
#include "hadal/msp/audit/backdoor_scan.h"

namespace hadal::msp {

/// The section of the page with the triggers of the most suspicious classes, as pictures.
Markup backdoor_section(const BackdoorScan& scan);

}  // namespace hadal::msp
