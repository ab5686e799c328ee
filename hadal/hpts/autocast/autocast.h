#pragma once

#include "hadal/hpts/precision/plan.h"

#include <memory>

#include <torch/nn/module.h>

namespace hadal::hpts {

struct AutocastOptions {
  /// Compute outputs of batch norms, and of the ReLUs after them, again in the backward pass,
  /// instead of keeping them.
  bool recompute_norms = true;
};

/// While the object lives, the operations of this thread compute as `plan` says, and keep for the
/// backward pass what it says; put it around the forward pass of a training step, the loss
/// included:
///
///     const at::Tensor loss = [&] {
///       const hpts::Autocast autocast(*model, plan);
///       return at::cross_entropy_loss(model->forward(images), labels);
///     }();
///     loss.backward();
///
/// Any LibTorch model works as it is. Convolutions, products of matrices, attention and batch norms
/// compute in the type of the layer whose parameter they use; those without one, in that of
/// `plan.otherwise`. Losses, softmax and other norms compute in fp32, and everything else in the
/// type that it is given. Weights, and the gradients that parameters get, stay fp32. fp16 means
/// bf16 on a CPU, which computes fp16 hundreds of times slower; that is logged once.
///
/// A floating tensor of 4 KB or more that an operation saves is kept once, as the layer's plan
/// says, however many save it; parameters, and a layer's copies of them in another type, are not
/// kept at all. ReLUs keep one bit a value, and indices the bytes that they need.
///
/// Scopes nest; the inner one counts. Nothing is kept where nothing needs a gradient. Gradients of
/// gradients (create_graph) through batch norms and ReLUs throw Unsupported.
class Autocast {
 public:
  /// Throws InvalidArgument where `plan` names a layer that `model` does not have.
  Autocast(const torch::nn::Module& model, const PrecisionPlan& plan,
           const AutocastOptions& options = {});
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  struct Scope;
  std::unique_ptr<Scope> scope_;
};

}  // namespace hadal::hpts
