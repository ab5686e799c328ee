#include "hadal/msp/scan/rule.h"

#include <array>

namespace hadal::msp {
namespace {

constexpr std::array<const Rule*, 35> kRules = {&rules::kDangerousImport,
                                                &rules::kUnknownImport,
                                                &rules::kComputedImport,
                                                &rules::kComputedCall,
                                                &rules::kExtensionCode,
                                                &rules::kMalformedPickle,
                                                &rules::kTrailingBytes,
                                                &rules::kNestedTooDeep,
                                                &rules::kObjectArray,
                                                &rules::kMalformedZip,
                                                &rules::kPathTraversal,
                                                &rules::kDuplicateName,
                                                &rules::kHeaderMismatch,
                                                &rules::kOddMember,
                                                &rules::kHiddenBytes,
                                                &rules::kBomb,
                                                &rules::kChecksum,
                                                &rules::kScriptReachesOut,
                                                &rules::kScriptForeignOperator,
                                                &rules::kPythonCode,
                                                &rules::kMalformedSafetensors,
                                                &rules::kSafetensorsPolyglot,
                                                &rules::kOddTensorName,
                                                &rules::kEmbeddedPayload,
                                                &rules::kRemoteCode,
                                                &rules::kTemplateEscape,
                                                &rules::kUnknownFormat,
                                                &rules::kUnreadable,
                                                &rules::kNotFinite,
                                                &rules::kOutlierRows,
                                                &rules::kDeadUnits,
                                                &rules::kLowBits,
                                                &rules::kHiddenText,
                                                &rules::kBackdoor,
                                                &rules::kSmallTrigger};

constexpr std::array<Taxon, 5> kAtlas = {{{"AML.T0010.003", "AI Supply Chain Compromise: Model"},
                                          {"AML.T0011.000", "User Execution: Unsafe AI Artifacts"},
                                          {"AML.T0018.000", "Manipulate AI Model: Poison AI Model"},
                                          {"AML.T0018.002", "Manipulate AI Model: Embed Malware"},
                                          {"AML.T0029", "Denial of AI Service"}}};
constexpr std::array<Taxon, 2> kOwasp = {
    {{"ML06:2023", "AI Supply Chain Attacks"}, {"ML10:2023", "Model Poisoning"}}};

}  // namespace

std::string_view name_of(Level level) {
  constexpr std::array<std::string_view, 3> kNames = {"note", "warning", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

std::span<const Rule* const> all_rules() { return kRules; }
std::span<const Taxon> atlas_taxa() { return kAtlas; }
std::span<const Taxon> owasp_taxa() { return kOwasp; }

}  // namespace hadal::msp
