#include "hadal/msp/scan/rule.h"

namespace hadal::msp::rules {

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

}  // namespace hadal::msp::rules
