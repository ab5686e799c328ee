#pragma once

#include <variant>

namespace hadal::hpts {

// Rules by which an optimizer moves a weight w along its gradient g, at the learning rate r and the
// weight decay d of the weight's group. Each does what torch.optim's of the same name does.

/// g += d w; m = momentum m + (1 - dampening) g, at the first step m = g; w -= r m, with Nesterov's
/// look ahead r (g + momentum m). Without momentum no state is kept.
struct Sgd {
  double momentum = 0;
  double dampening = 0;
  bool nesterov = false;  ///< needs momentum, and no dampening
};

/// Kingma and Ba (2015): g += d w; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
/// w -= r m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) at step t.
struct Adam {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

/// Loshchilov and Hutter (2019): Adam with the decay apart from the gradient, w -= r d w.
struct AdamW {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

using Rule = std::variant<Sgd, Adam, AdamW>;

}  // namespace hadal::hpts
