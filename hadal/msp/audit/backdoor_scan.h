#pragma once

#include "hadal/msp/backdoor/decide/calibration.h"
#include "hadal/msp/backdoor/detect/trigger_search.h"
#include "hadal/msp/scan/finding.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

struct BackdoorScanOptions {
  at::Tensor images =
      {};  ///< uint8 or fp32 in [0, 1], [n, c, h, w], clean ones; 256 are used at most
  /// A folder of 20 or more safetensors of clean models of the same architecture, or nothing.
  std::optional<std::filesystem::path> clean = {};
  TriggerSearchOptions search = {};
};

/// The images of a safetensors file, its tensor "images", as BackdoorScanOptions takes them. Throws
/// IoError and FormatError.
at::Tensor read_images(const std::filesystem::path& path);

/// What was found for a class.
struct ClassScan {
  ReversedTrigger mask = {};    ///< by NeuralCleanse
  ReversedTrigger change = {};  ///< by TriggerGenerator
  double mask_index = 0;        ///< anomaly_indices() of their sizes
  double change_index = 0;

  double index() const { return std::max(mask_index, change_index); }
};

struct BackdoorScan {
  std::string architecture;
  std::int64_t images = 0;
  std::vector<ClassScan> classes = {};
  std::size_t clean_models = 0;
  std::optional<BackdoorDecision> decision = {};  ///< with clean models
  std::size_t suspect = 0;  ///< the most suspicious class, by the decision or else by index()

  /// By p < 0.05.
  bool finds_backdoor() const { return decision && decision->p < 0.05; }
};

/// Runs the model with the weights `path`, a safetensors file of one of Hadal's networks for
/// images, and looks for a trigger for each class, by NeuralCleanse and TriggerGenerator. Throws
/// InvalidArgument where the network is not known, images do not fit, it gives logits that are not
/// finite, or clean models are fewer than 20 or of another architecture; Unsupported where classes
/// and images take too much memory; and what SafetensorsReader throws.
BackdoorScan scan_for_backdoor(const std::filesystem::path& path,
                               const BackdoorScanOptions& options);

/// Adds what the scan has found to `findings`.
void judge_backdoor(const BackdoorScan& scan, const Place& place, Findings& findings);

}  // namespace hadal::msp
