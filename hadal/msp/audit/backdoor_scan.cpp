#include "hadal/msp/audit/backdoor_scan.h"

#include "hadal/core/error.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/core/text.h"
#include "hadal/msp/audit/network.h"
#include "hadal/msp/backdoor/detect/neural_cleanse.h"
#include "hadal/msp/backdoor/detect/trigger_generator.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

namespace hadal::msp {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostImages = 256;
constexpr std::int64_t kMostElements = std::int64_t{1} << 26;  // of a batch stamped for all classes
constexpr std::size_t kLeastClean = 20;                        // 1 / (20 + 1) is below 0.05

void check_images(const at::Tensor& images, const std::string& what) {
  const bool is_fit = images.defined() && images.dim() == 4 && images.numel() > 0 &&
                      (images.scalar_type() == at::kByte || images.scalar_type() == at::kFloat) &&
                      (images.size(1) == 1 || images.size(1) == 3);
  if (!is_fit) {
    throw InvalidArgument(what + ": expected images uint8 or fp32 in [0, 1], [n, 1 or 3, h, w]");
  }
}

at::Tensor in_unit(const at::Tensor& images) {
  const at::Tensor some = images.narrow(0, 0, std::min(images.size(0), kMostImages));
  const at::Tensor unit = some.scalar_type() == at::kByte ? some.to(at::kFloat).div_(255) : some;
  if (!unit.ge(0).logical_and(unit.le(1)).all().item<bool>()) {
    throw InvalidArgument("backdoor scan: expected images in [0, 1]");
  }
  return unit.clone();
}

struct Looked {
  std::string architecture;
  Evidence masks, changes;
};

Looked look_at(const fs::path& path, const at::Tensor& images, const BackdoorScanOptions& options) {
  const LoadedNetwork loaded = recognize_network(SafetensorsReader(path));
  const TriggerSearchOptions& search = options.search;
  if (loaded.classes * search.batch * images[0].numel() > kMostElements) {
    throw Unsupported(concat("backdoor scan: ", loaded.classes, " classes of images of ",
                             shape_text(images.sizes().slice(1)), " take too much memory"),
                      "scan models of smaller images or fewer classes");
  }
  const Suspect suspect{.classifier = [&](const at::Tensor& x) { return loaded.classify(x); },
                        .classes = loaded.classes,
                        .images = images};
  {
    const at::NoGradGuard no_grad;
    if (!suspect.classifier(images.narrow(0, 0, 1)).isfinite().all().item<bool>()) {
      throw InvalidArgument(path.string() + ": its logits are not finite");
    }
  }
  return {.architecture = loaded.name,
          .masks = NeuralCleanse(search).look(suspect),
          .changes = TriggerGenerator(search).look(suspect)};
}

std::vector<double> scores_of(const Looked& looked) {
  std::vector<double> scores = looked.masks.scores;
  scores.insert(scores.end(), looked.changes.scores.begin(), looked.changes.scores.end());
  return scores;
}

std::vector<double> indices_of(const Evidence& evidence) {
  std::vector<double> sizes;
  for (const ReversedTrigger& trigger : evidence.triggers) sizes.push_back(trigger.size);
  return anomaly_indices(sizes);
}

std::vector<fs::path> models_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  }
  if (error) throw IoError(concat("cannot list ", folder.string(), ": ", error.message()));
  if (files.size() < kLeastClean) {
    throw InvalidArgument(concat(folder.string(), ": expected ", kLeastClean,
                                 " or more safetensors of clean models, got ", files.size()),
                          "fewer cannot tell a chance of 0.05");
  }
  std::ranges::sort(files);
  return files;
}

void decide(BackdoorScan& scan, const Looked& judged, const at::Tensor& images,
            const std::vector<fs::path>& files, const BackdoorScanOptions& options) {
  std::vector<std::vector<double>> rows;
  for (const fs::path& file : files) {
    const Looked clean = look_at(file, images, options);
    if (clean.architecture != judged.architecture ||
        clean.masks.scores.size() != judged.masks.scores.size()) {
      throw InvalidArgument(concat(file.string(), ": is of ", clean.architecture, " with ",
                                   clean.masks.scores.size(), " classes, the model of ",
                                   judged.architecture, " with ", judged.masks.scores.size()));
    }
    rows.push_back(scores_of(clean));
  }
  scan.clean_models = rows.size();
  scan.decision = decide_backdoor(rows, scores_of(judged));
  scan.suspect = scan.decision->place % scan.classes.size();
}

}  // namespace

at::Tensor read_images(const fs::path& path) {
  const SafetensorsReader reader(path);
  if (!reader.contains("images")) {
    throw FormatError(path.string() + ": has no tensor \"images\"");
  }
  const at::Tensor images = reader.tensor("images");
  check_images(images, path.string());
  return images;
}

BackdoorScan scan_for_backdoor(const fs::path& path, const BackdoorScanOptions& options) {
  check_images(options.images, "backdoor scan");
  const at::Tensor images = in_unit(options.images);
  std::vector<fs::path> clean;
  if (options.clean) clean = models_in(*options.clean);
  const Looked looked = look_at(path, images, options);
  const std::vector<double> masks = indices_of(looked.masks), changes = indices_of(looked.changes);
  BackdoorScan scan{.architecture = looked.architecture, .images = images.size(0)};
  for (std::size_t k = 0; k < masks.size(); ++k) {
    scan.classes.push_back({.mask = looked.masks.triggers[k],
                            .change = looked.changes.triggers[k],
                            .mask_index = masks[k],
                            .change_index = changes[k]});
  }
  const auto largest = std::ranges::max_element(scan.classes, {}, &ClassScan::index);
  scan.suspect = static_cast<std::size_t>(largest - scan.classes.begin());
  if (options.clean) decide(scan, looked, images, clean, options);
  return scan;
}

void judge_backdoor(const BackdoorScan& scan, const Place& place, Findings& findings) {
  const ClassScan& suspect = scan.classes[scan.suspect];
  char sizes[160];
  std::snprintf(sizes, sizeof sizes,
                "class %zu: a mask of %.1f pixels turns %.0f %% of images, a change of norm %.2f "
                "%.0f %%",
                scan.suspect, suspect.mask.size, 100 * suspect.mask.success, suspect.change.size,
                100 * suspect.change.success);
  if (scan.finds_backdoor()) {
    findings.add(
        rules::kBackdoor, place, {},
        concat(sizes, "; p = ", scan.decision->p, " by ", scan.clean_models, " clean models"));
  } else if (!scan.decision && suspect.index() > kAnomalyLimit) {
    std::snprintf(sizes + std::strlen(sizes), sizeof sizes - std::strlen(sizes),
                  "; anomaly index %.1f, above %.0f", suspect.index(), kAnomalyLimit);
    findings.add(rules::kSmallTrigger, place, {}, sizes);
  }
}

}  // namespace hadal::msp
