#include "hadal/core/text.h"

#include "hadal/core/columns.h"
#include "hadal/core/error.h"
#include "hadal/msp/audit/report.h"

#include <sstream>

namespace hadal::msp {
namespace {

constexpr std::size_t kColumns = 100;

std::string place_text(const Place& place) {
  return printable(place.member.empty() ? place.file : concat(place.file, " > ", place.member));
}

std::string counted(std::size_t count, const std::string& what) {
  return concat(count, " ", what, count == 1 ? "" : "s");
}

}  // namespace

std::string verdict_text(const AuditReport& report) {
  const std::size_t errors = report.count(Level::error), warnings = report.count(Level::warning);
  if (report.is_clean()) return "clean";
  if (warnings == 0) return counted(errors, "error");
  if (errors == 0) return counted(warnings, "warning");
  return concat(counted(errors, "error"), ", ", counted(warnings, "warning"));
}

std::string audit_text(const AuditReport& report) {
  std::ostringstream out;
  out << printable(report.model) << ": " << verdict_text(report) << '\n';
  for (const Finding& finding : report.findings) {
    const Rule& rule = *finding.rule;
    out << '\n'
        << name_of(rule.level) << "  " << rule.id << "  " << place_text(finding.place) << '\n'
        << wrap(printable(finding.text), 2, kColumns);
    if (rule.level != Level::note) out << wrap(concat(rule.text, " ", rule.help), 2, kColumns);
  }
  out << '\n';
  for (const ScannedFile& file : report.files) {
    out << "looked at  " << printable(file.path) << "  " << file.kind << ", " << file.bytes
        << " bytes, sha256 " << file.sha256.substr(0, 16) << '\n';
  }
  if (!report.weights.empty()) {
    out << "measured   " << counted(report.weights.size(), "tensor") << '\n';
  }
  if (report.backdoor) {
    const BackdoorScan& scan = *report.backdoor;
    out << "ran        " << scan.architecture << " of " << scan.classes.size() << " classes on "
        << counted(static_cast<std::size_t>(scan.images), "image");
    if (scan.decision) {
      out << ", backdoor p = " << concat(scan.decision->p) << " by "
          << counted(scan.clean_models, "clean model");
    }
    out << '\n';
  }
  return out.str();
}

}  // namespace hadal::msp
