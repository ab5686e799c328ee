#include "hadal/msp/scan/rule.h"

namespace hadal::msp::rules {

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

}  // namespace hadal::msp::rules
