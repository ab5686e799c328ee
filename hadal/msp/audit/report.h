#pragma once

#include "hadal/msp/audit/audit.h"

#include <string>

namespace hadal::msp {

/// "finding", "2 findings": how many are warnings or errors, in words.
std::string verdict_text(const AuditReport& report);

/// The report for a terminal: findings, the worst first, then what was looked at. No text of a file
/// can steer the terminal.
std::string audit_text(const AuditReport& report);

/// All of it, as a document of schema "hadal-audit", which docs/audit.md describes.
std::string audit_json(const AuditReport& report);

/// Findings as SARIF 2.1.0 (OASIS, 2020), with MITRE ATLAS and OWASP's top ten for machine learning
/// as taxonomies, for those who collect results of analyses. Notes are results of level "note".
std::string audit_sarif(const AuditReport& report);

/// One page that needs no network and runs no script.
std::string audit_html(const AuditReport& report);

}  // namespace hadal::msp
