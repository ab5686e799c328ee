#include "hadal/draf/plan/operators.h"

#include <cmath>

namespace hadal::draf::plan {

double matmul_seconds(const Device& device, double rows, double inner, double columns,
                      double weight_bytes) {
  const double computing = 2 * rows * inner * columns / device.matmul_rate;
  const double bytes = kActivationBytes * rows * (inner + columns) + weight_bytes * inner * columns;
  const double moving = bytes / device.memory_rate;
  const double power = device.roofline_power;
  // Without powers of very small numbers.
  const double longer = std::fmax(computing, moving);
  const double ratio = std::fmin(computing, moving) / longer;
  return device.kernel_seconds + longer * std::pow(1 + std::pow(ratio, power), 1 / power);
}

double elementwise_seconds(const Device& device, double bytes) {
  return bytes / (device.memory_rate * device.elementwise_rate);
}

double attention_seconds(const Device& device, double cache_bytes, double flops) {
  return cache_bytes / (device.memory_rate * device.cache_rate) +
         flops / (device.matmul_rate * device.attention_rate);
}

}  // namespace hadal::draf::plan
