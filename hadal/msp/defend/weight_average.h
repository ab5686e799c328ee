#pragma once

#include <cstdint>

namespace torch::nn {
class Module;
}

namespace hadal::msp {

/// Moves the parameters and buffers of `average` towards those of `model`, a module of the same
/// kind, after the step `step`, from 0: average = d average + (1 - d) model, where d is
/// min(decay, (1 + step) / (10 + step)), so that the first steps are soon forgotten. Averages of
/// adversarially trained weights are more robust than the last ones (Gowal et al., 2020).
void average_weights(torch::nn::Module& average, const torch::nn::Module& model, double decay,
                     std::int64_t step);

}  // namespace hadal::msp
