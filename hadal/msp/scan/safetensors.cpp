#include "hadal/msp/scan/safetensors.h"

#include "hadal/core/error.h"
#include "hadal/core/safetensors/header.h"
#include "hadal/core/text.h"
#include "hadal/msp/scan/pickle/pickle.h"
#include "hadal/msp/scan/zip/directory.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace hadal::msp {
namespace {

bool is_odd(const std::string& name) {
  return printable(name) != name || name.starts_with('/') || name.find("..") != name.npos ||
         name.find('\\') != name.npos;
}

void check_data(std::span<const std::byte> data, const Place& place, Findings& findings) {
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  if (text.starts_with("\x7f"
                       "ELF\x02\x01\x01") ||
      text.starts_with("\x7f"
                       "ELF\x01\x01\x01")) {
    findings.add(rules::kEmbeddedPayload, place, {}, "the tensor's data is a program");
  }
  if (!pickle::looks_like_pickle(data)) return;
  Findings probed;
  pickle::Machine machine;
  pickle::scan_pickle(data, 0, {}, place, probed, machine);
  for (const Finding& finding : probed.all()) {
    if (finding.rule != &rules::kDangerousImport) continue;
    findings.add(rules::kEmbeddedPayload, place, {},
                 concat("the tensor's data is a pickle: ", finding.text));
    return;
  }
}

}  // namespace

void scan_safetensors(std::span<const std::byte> bytes, const Place& place, Findings& findings) {
  if (zip::ends_like_zip(bytes)) {
    findings.add(rules::kSafetensorsPolyglot, place, {}, "the file ends as a zip archive does");
  }
  try {
    const SafetensorsHeader header = parse_safetensors_header(bytes, place.file);
    for (const auto& [name, info] : header.tensors) {
      const Place there = place.within(printable(name));
      if (is_odd(name)) {
        findings.add(rules::kOddTensorName, there, {}, concat("the name is ", quote(name)));
      }
      check_data(bytes.subspan(info.begin, info.end - info.begin), there, findings);
    }
  } catch (const FormatError& error) {
    findings.add(rules::kMalformedSafetensors, place, {}, printable(error.what()));
  }
}

}  // namespace hadal::msp
