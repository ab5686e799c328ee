#pragma once

#include "hadal/data/labelled_images.h"
#include "hadal/msp/attack/classifier.h"
#include "hadal/msp/backdoor/poison/trigger.h"

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

struct PoisonOptions {
  /// Of the images that may be poisoned: those of other classes, or where labels are kept, those of
  /// the target.
  double rate = 0.1;
  std::int64_t target = 0;  ///< the class that the trigger is to give
  std::uint64_t seed = 0;   ///< of which images are poisoned
};

struct PoisonedImages {
  data::LabelledImages set;  ///< all images, those poisoned at their old places
  at::Tensor places;         ///< int64 [m], which were poisoned, in rising order
};

/// Stamps images of other classes and calls them the target, as BadNets (Gu et al., 2017) and
/// blended injection (Chen et al., 2017) do. Throws InvalidArgument for a rate out of (0, 1], and
/// where no image may be poisoned.
PoisonedImages poison_with_label(const data::LabelledImages& set, const Trigger& trigger,
                                 const PoisonOptions& options);

/// Stamps images of the target alone and leaves all labels, as SIG (Barni et al., 2019) does.
/// Throws as poison_with_label().
PoisonedImages poison_target_class(const data::LabelledImages& set, const Trigger& trigger,
                                   const PoisonOptions& options);

/// The attack's success: of `images`, fp32 in [0, 1] with `labels` int64 [n], those of other
/// classes that `classifier` takes for the target once they are stamped, as a share. Throws
/// InvalidArgument where all are of the target.
double attack_success(const Classifier& classifier, const at::Tensor& images,
                      const at::Tensor& labels, const Trigger& trigger, std::int64_t target);

namespace poison {

/// Of `candidates`, int64 [n], a share of `rate` and one at least, chosen by `seed`, in rising
/// order. Throws as poison_with_label().
at::Tensor choose(const at::Tensor& candidates, const PoisonOptions& options);
/// The set with the rows `places` replaced by `images`, fp32 in [0, 1], rounded to bytes.
PoisonedImages replace(const data::LabelledImages& set, const at::Tensor& places,
                       const at::Tensor& images);
/// The rows `places` in fp32, [0, 1].
at::Tensor rows_in_unit(const data::LabelledImages& set, const at::Tensor& places);

}  // namespace poison
}  // namespace hadal::msp
