#pragma once

#include "hadal/msp/attack/goal.h"

#include <ATen/core/Tensor.h>

namespace hadal::msp {

// Losses of logits [n, classes], a number a row, [n], that autograd differentiates. Each grows as
// the input is taken less for the class of its row, `classes` int64 [n].

/// -log softmax at the class.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& classes);
/// The largest other logit minus the class's own: above 0 once it is taken for another (Carlini and
/// Wagner, 2017).
at::Tensor margin(const at::Tensor& logits, const at::Tensor& classes);
/// The margin divided by the difference of the largest and the third largest logit (DLR; Croce and
/// Hein, 2020, "Reliable evaluation", equation 6), which no scaling of logits changes. Throws
/// InvalidArgument for fewer than 3 classes.
at::Tensor logit_ratio(const at::Tensor& logits, const at::Tensor& classes);
/// The target's logit minus the label's, divided by the largest minus the mean of the third and
/// fourth (equation 7). Throws InvalidArgument for fewer than 4 classes.
at::Tensor targeted_logit_ratio(const at::Tensor& logits, const at::Tensor& labels,
                                const at::Tensor& targets);

enum class Loss { cross_entropy, margin, logit_ratio };

/// What an attack raises to reach `goal`, [n]: the loss at the labels; where there are targets, its
/// negative at these, and targeted_logit_ratio().
at::Tensor loss_of(Loss loss, const at::Tensor& logits, const Goal& goal);

}  // namespace hadal::msp
