#pragma once

#include <span>
#include <string_view>

namespace hadal::msp {

/// How bad a finding is. Notes inform and are no findings for a verdict.
enum class Level { note, warning, error };

/// "note", "warning" or "error", as SARIF calls them.
std::string_view name_of(Level level);

/// What an audit may find, and where public taxonomies have it.
struct Rule {
  std::string_view id;    ///< "pickle/dangerous-import"
  std::string_view name;  ///< "DangerousImport"
  Level level = Level::error;
  std::string_view text;   ///< what it means, a sentence
  std::string_view help;   ///< what to do about it
  std::string_view atlas;  ///< the technique of MITRE ATLAS, "AML.T0011.000"
  std::string_view owasp;  ///< of OWASP's top ten for machine learning (2023), "ML06:2023"
};

/// An entry of a taxonomy that rules name.
struct Taxon {
  std::string_view id;
  std::string_view name;
};

/// All rules, each with its own id.
std::span<const Rule* const> all_rules();
/// The techniques and risks that rules name, no more.
std::span<const Taxon> atlas_taxa();
std::span<const Taxon> owasp_taxa();

// Identifiers of MITRE ATLAS: T0010.003 supply chain, model; T0011.000 user runs an unsafe
// artifact; T0018.000 a poisoned model; T0018.002 malware embedded in a model; T0029 denial of
// service. Of OWASP: ML06 supply chain; ML10 model poisoning.
namespace rules {

// Pickles, and what holds them.
extern const Rule kDangerousImport;
extern const Rule kUnknownImport;
extern const Rule kComputedImport;
extern const Rule kComputedCall;
extern const Rule kExtensionCode;
extern const Rule kMalformedPickle;
extern const Rule kTrailingBytes;
extern const Rule kNestedTooDeep;
extern const Rule kObjectArray;
// Zip archives.
extern const Rule kMalformedZip;
extern const Rule kPathTraversal;
extern const Rule kDuplicateName;
extern const Rule kHeaderMismatch;
extern const Rule kOddMember;
extern const Rule kHiddenBytes;
extern const Rule kBomb;
extern const Rule kChecksum;
// TorchScript and code.
extern const Rule kScriptReachesOut;
extern const Rule kScriptForeignOperator;
extern const Rule kPythonCode;
// Other formats.
extern const Rule kMalformedSafetensors;
extern const Rule kSafetensorsPolyglot;
extern const Rule kOddTensorName;
extern const Rule kEmbeddedPayload;
extern const Rule kRemoteCode;
extern const Rule kTemplateEscape;
extern const Rule kUnknownFormat;
extern const Rule kUnreadable;
// Weights.
extern const Rule kNotFinite;
extern const Rule kOutlierRows;
extern const Rule kDeadUnits;
extern const Rule kLowBits;
extern const Rule kHiddenText;
// Behaviour, which only a scan that runs the model sees.
extern const Rule kBackdoor;
extern const Rule kSmallTrigger;

}  // namespace rules
}  // namespace hadal::msp
