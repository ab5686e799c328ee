#pragma once

#include "hadal/core/safetensors/reader.h"
#include "hadal/hpts/train/image_network.h"

#include <cstdint>
#include <string>

namespace hadal::msp {

/// One of Hadal's networks for images, with weights from a file.
struct LoadedNetwork {
  std::string name;  ///< as for hpts::make_image_network()
  std::int64_t classes = 0;
  hpts::ImageNetwork network;  ///< in evaluation mode, its parameters without gradients

  /// Images [n, c, h, w], fp32 in [0, 1], to logits. Throws InvalidArgument where c is neither 1
  /// nor the network's.
  at::Tensor classify(const at::Tensor& images) const;
};

/// The network whose names and shapes the weights have. Throws InvalidArgument where none has.
LoadedNetwork recognize_network(const SafetensorsReader& weights);

}  // namespace hadal::msp
