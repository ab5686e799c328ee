#include "hadal/models/llama/checkpoint.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/file.h"
#include "hadal/core/safetensors/index.h"
#include "hadal/core/text.h"
#include "hadal/models/llama/tensors.h"

#include <map>
#include <set>
#include <string>

namespace hadal::models {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr std::size_t kMaxIndexBytes = kMaxSafetensorsHeaderBytes;

/// What is wrong with a checkpoint, of which a bounded part is told.
class Problems {
 public:
  void add(const std::string& problem) {
    if (count_++ < kMost) text_ += "\n  " + problem;
  }
  std::size_t count() const { return count_; }
  std::string text() const {
    return count_ <= kMost ? text_ : text_ + concat("\n  and ", count_ - kMost, " more");
  }

 private:
  static constexpr std::size_t kMost = 20;
  std::size_t count_ = 0;
  std::string text_;
};

/// What the headers of a checkpoint's files say.
struct Headers {
  std::map<std::string, SafetensorsInfo> tensors;
  /// Those that are in files that cannot be read, which are a problem already.
  std::set<std::string> lost;
};

/// Reads the header of one file for the tensors `wanted`, or all that it has where there are none.
void read_header(const fs::path& path, const std::set<std::string>& wanted, Headers& headers,
                 Problems& problems) {
  try {
    const SafetensorsFile file(path);
    for (const auto& [name, info] : file.header().tensors) {
      if (wanted.empty() || wanted.contains(name)) headers.tensors.emplace(name, info);
    }
  } catch (const Error& error) {
    problems.add(error.what());
    headers.lost.insert(wanted.begin(), wanted.end());
  }
}

Headers read_headers(const fs::path& path, Problems& problems) {
  Headers headers;
  if (path.filename() != kIndex) {
    read_header(path, {}, headers, problems);
    return headers;
  }
  std::map<std::string, std::set<std::string>> files;
  const auto index = safetensors::parse_index(read_file(path, kMaxIndexBytes), path.string());
  for (const auto& [tensor, file] : index) files[file].insert(tensor);
  for (const auto& [file, tensors] : files) {
    read_header(path.parent_path() / file, tensors, headers, problems);
  }
  return headers;
}

void check_tensor(const LlamaTensor& wanted, const Headers& headers, Problems& problems) {
  const auto found = headers.tensors.find(wanted.name);
  if (found == headers.tensors.end()) {
    if (headers.lost.contains(wanted.name)) return;
    problems.add(concat(wanted.name, ": missing; expected ", shape_text(wanted.shape)));
    return;
  }
  const SafetensorsInfo& info = found->second;
  if (info.shape != wanted.shape) {
    problems.add(concat(wanted.name, ": expected the shape ", shape_text(wanted.shape), ", found ",
                        shape_text(info.shape)));
  }
  if (info.dtype.name != "F32" && info.dtype.name != "BF16" && info.dtype.name != "F16") {
    problems.add(concat(wanted.name, ": expected F32, BF16 or F16, found ", info.dtype.name));
  }
}

bool may_be_there(const LlamaConfig& config, const std::string& name) {
  return name.ends_with(".rotary_emb.inv_freq") || (config.tied && name == kHeadTensor);
}

void check_tensors(const LlamaConfig& config, const Headers& headers, Problems& problems) {
  std::set<std::string> known;
  for_each_tensor(config, [&](const LlamaTensor& tensor) {
    known.insert(tensor.name);
    check_tensor(tensor, headers, problems);
  });
  for (const auto& [name, info] : headers.tensors) {
    if (known.contains(name) || may_be_there(config, name)) continue;
    problems.add(concat(quote(name), ": a model of this configuration has no such weight"));
  }
}

/// The file or index; throws where there is none, and says what there is instead.
fs::path find_checkpoint(const fs::path& folder) {
  for (const char* name : {kFile, kIndex}) {
    if (fs::exists(folder / name)) return folder / name;
  }
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    const auto extension = entry.path().extension();
    if (extension != ".bin" && extension != ".pt" && extension != ".pth") continue;
    throw Unsupported(
        concat(folder.string(), ": the weights are in ", quote(entry.path().filename().string()),
               ", a pickle file, and these are not read: to load one can run any program that its "
               "author put into it"),
        "take the model's safetensors files, or, where you trust the author, convert it with "
        "transformers: save_pretrained(folder)");
  }
  throw IoError(concat(folder.string(), ": there is no ", kFile, " and no ", kIndex),
                "expected a Hugging Face model folder");
}

}  // namespace

fs::path check_checkpoint(const LlamaConfig& config, const fs::path& folder) {
  const fs::path path = find_checkpoint(folder);
  Problems problems;
  const Headers headers = read_headers(path, problems);
  // Of a single file that cannot be read, no tensor is known.
  if (problems.count() == 0 || path.filename() == kIndex) {
    check_tensors(config, headers, problems);
  }
  if (problems.count() == 0) return path;
  throw FormatError(
      concat(folder.string(), ": the weights are not those that config.json asks for (",
             problems.count(),
             problems.count() == 1 ? " problem):" : " problems):", problems.text()),
      "copy the folder again, whole, and from one model only");
}

}  // namespace hadal::models
