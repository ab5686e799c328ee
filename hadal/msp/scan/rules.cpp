#include "hadal/msp/scan/rule.h"

#include <array>

namespace hadal::msp {
namespace rules {

// Identifiers of MITRE ATLAS: T0010.003 supply chain, model; T0011.000 user runs an unsafe
// artifact; T0018.002 malware embedded in a model; T0029 denial of service. Of OWASP's top ten for
// machine learning, 2023: ML06 supply chain.
const Rule kDangerousImport{
    "pickle/dangerous-import",
    "DangerousImport",
    Level::error,
    "Unpickling imports something that can run commands, load code or reach files or the network.",
    "Do not load this file. Ask its author for safetensors.",
    "AML.T0011.000",
    "ML06:2023"};
const Rule kUnknownImport{
    "pickle/unknown-import",
    "UnknownImport",
    Level::warning,
    "Unpickling imports something that a checkpoint of PyTorch does not need.",
    "Load with weights_only=True, or look at what the name is before you load the file.",
    "AML.T0011.000",
    "ML06:2023"};
const Rule kComputedImport{
    "pickle/computed-import",
    "ComputedImport",
    Level::error,
    "Unpickling imports a name that is computed while it runs, which only hides what it is.",
    "Do not load this file.",
    "AML.T0011.000",
    "ML06:2023"};
const Rule kComputedCall{"pickle/computed-call",
                         "ComputedCall",
                         Level::error,
                         "Unpickling calls something that another call gave.",
                         "Do not load this file.",
                         "AML.T0011.000",
                         "ML06:2023"};
const Rule kExtensionCode{
    "pickle/extension-code",
    "ExtensionCode",
    Level::error,
    "Unpickling imports by a number of copyreg's registry, which hides what is imported.",
    "Do not load this file.",
    "AML.T0011.000",
    "ML06:2023"};
const Rule kMalformedPickle{
    "pickle/malformed",
    "MalformedPickle",
    Level::error,
    "A pickle cannot be followed to its end. What comes before that still runs when it is loaded.",
    "Copy or download the file again; do not load it as it is.",
    "AML.T0011.000",
    "ML06:2023"};
const Rule kTrailingBytes{"pickle/trailing-bytes",
                          "TrailingBytes",
                          Level::warning,
                          "Bytes follow the end of a pickle, where a loader does not look.",
                          "Ask where the file is from, or save its content anew.",
                          "AML.T0018.002",
                          "ML06:2023"};
const Rule kNestedTooDeep{"scan/nested-too-deep",
                          "NestedTooDeep",
                          Level::error,
                          "Files lie within each other more levels deep than a model needs, so "
                          "that the rest goes unseen.",
                          "Unpack the file where nothing can happen, and audit what is inside.",
                          "AML.T0018.002",
                          "ML06:2023"};
const Rule kObjectArray{
    "numpy/object-array",
    "ObjectArray",
    Level::warning,
    "An array of NumPy holds Python objects, which are unpickled when it is loaded.",
    "Load with allow_pickle=False.",
    "AML.T0011.000",
    "ML06:2023"};
const Rule kMalformedZip{"zip/malformed",
                         "MalformedZip",
                         Level::error,
                         "The archive breaks its format, so that readers differ on what it holds.",
                         "Copy or download the file again; do not load it as it is.",
                         "AML.T0010.003",
                         "ML06:2023"};
const Rule kPathTraversal{
    "zip/path-traversal",
    "PathTraversal",
    Level::error,
    "A member's name leads out of the folder that the archive is unpacked into.",
    "Do not unpack this archive.",
    "AML.T0010.003",
    "ML06:2023"};
const Rule kDuplicateName{
    "zip/duplicate-name",
    "DuplicateName",
    Level::error,
    "Two members have one name, of which one reader takes the first and another the last.",
    "Do not load this file.",
    "AML.T0010.003",
    "ML06:2023"};
const Rule kHeaderMismatch{"zip/header-mismatch",
                           "HeaderMismatch",
                           Level::error,
                           "A member's two headers differ, so that readers see different contents.",
                           "Do not load this file.",
                           "AML.T0010.003",
                           "ML06:2023"};
const Rule kOddMember{
    "zip/odd-member",
    "OddMember",
    Level::error,
    "A member is encrypted, a link, or packed by a method that cannot be looked into.",
    "Do not load this file.",
    "AML.T0010.003",
    "ML06:2023"};
const Rule kHiddenBytes{"zip/hidden-bytes",
                        "HiddenBytes",
                        Level::warning,
                        "The archive has bytes that its directory does not list.",
                        "Ask where the file is from, or save its content anew.",
                        "AML.T0018.002",
                        "ML06:2023"};
const Rule kBomb{"zip/bomb",
                 "Bomb",
                 Level::error,
                 "The archive unpacks to far more than a model packs, or its members share bytes.",
                 "Do not unpack this archive.",
                 "AML.T0029",
                 "ML06:2023"};
const Rule kChecksum{
    "zip/checksum",
    "Checksum",
    Level::warning,
    "A member's content is not what its checksum says; PyTorch loads it all the same.",
    "Copy or download the file again.",
    "AML.T0010.003",
    "ML06:2023"};
const Rule kScriptReachesOut{
    "torchscript/reaches-out",
    "ScriptReachesOut",
    Level::error,
    "TorchScript code reads or writes files, which it does when the model is loaded or run.",
    "Do not load this file.",
    "AML.T0018.002",
    "ML06:2023"};
const Rule kScriptForeignOperator{
    "torchscript/foreign-operator",
    "ScriptForeignOperator",
    Level::warning,
    "TorchScript code calls operators that PyTorch itself does not have.",
    "Look at the library that defines them before you load it.",
    "AML.T0010.003",
    "ML06:2023"};
const Rule kPythonCode{"scan/python-code",
                       "PythonCode",
                       Level::warning,
                       "The model comes with Python code, which runs when it is loaded.",
                       "Read the code before you load the model.",
                       "AML.T0018.002",
                       "ML06:2023"};
const Rule kMalformedSafetensors{
    "safetensors/malformed",
    "MalformedSafetensors",
    Level::error,
    "The header breaks the format: bytes that overlap, lie hidden or are missing.",
    "Copy or download the file again; do not load it as it is.",
    "AML.T0010.003",
    "ML06:2023"};
const Rule kSafetensorsPolyglot{
    "safetensors/polyglot",
    "SafetensorsPolyglot",
    Level::error,
    "The file is a zip archive as well, which PyTorch would load as a pickle.",
    "Do not load this file.",
    "AML.T0018.002",
    "ML06:2023"};
const Rule kOddTensorName{"safetensors/odd-name",
                          "OddTensorName",
                          Level::warning,
                          "A tensor's name holds a path or control characters.",
                          "Do not make file names of it.",
                          "AML.T0010.003",
                          "ML06:2023"};
const Rule kEmbeddedPayload{"scan/embedded-payload",
                            "EmbeddedPayload",
                            Level::error,
                            "Data holds a program or a pickle that runs code.",
                            "Do not use this file.",
                            "AML.T0018.002",
                            "ML06:2023"};
const Rule kRemoteCode{
    "config/remote-code",
    "RemoteCode",
    Level::warning,
    "The configuration names Python classes to be loaded from the model's own folder.",
    "Load with trust_remote_code=False, or read the code before.",
    "AML.T0010.003",
    "ML06:2023"};
const Rule kTemplateEscape{
    "config/template-escape",
    "TemplateEscape",
    Level::error,
    "A chat template reaches for Python's internals, as one does to run code from a template.",
    "Do not render this template.",
    "AML.T0018.002",
    "ML06:2023"};
const Rule kUnknownFormat{
    "scan/unknown-format",
    "UnknownFormat",
    Level::warning,
    "A file is called a model but has none of the formats that can be looked into.",
    "Find out what it is before you load it.",
    "AML.T0010.003",
    "ML06:2023"};
const Rule kUnreadable{"scan/unreadable",
                       "Unreadable",
                       Level::warning,
                       "A part of the file could not be looked into.",
                       "Do not take the file for clean.",
                       "AML.T0010.003",
                       "ML06:2023"};

const Rule kNotFinite{
    "weights/not-finite",
    "NotFinite",
    Level::error,
    "Weights are NaN or infinite, so that outputs are too, for some inputs or all.",
    "Do not serve this model; train or convert it again.",
    "AML.T0018.000",
    "ML10:2023"};
const Rule kOutlierRows{"weights/outlier-rows",
                        "OutlierRows",
                        Level::note,
                        "Few rows of a tensor are far larger than the others, as they are where "
                        "units were planted; large models have such rows by nature.",
                        "Compare with the model that this one was made from.",
                        "AML.T0018.000",
                        "ML10:2023"};
const Rule kDeadUnits{"weights/dead-units",
                      "DeadUnits",
                      Level::note,
                      "Rows of a tensor are zero, as they are after pruning.",
                      "Nothing, where the model was pruned.",
                      "AML.T0018.000",
                      "ML10:2023"};
const Rule kLowBits{"weights/low-bits",
                    "LowBits",
                    Level::warning,
                    "The lowest bits of weights are less random than training leaves them, as they "
                    "are where data hides in them.",
                    "Round the weights to bfloat16, which removes such data.",
                    "AML.T0018.002",
                    "ML10:2023"};
const Rule kHiddenText{"weights/hidden-text",
                       "HiddenText",
                       Level::error,
                       "The lowest bits of weights spell out text or a program.",
                       "Round the weights to bfloat16, which removes such data.",
                       "AML.T0018.002",
                       "ML10:2023"};

}  // namespace rules

namespace {

constexpr std::array<const Rule*, 33> kRules = {&rules::kDangerousImport,
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
                                                &rules::kHiddenText};

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
