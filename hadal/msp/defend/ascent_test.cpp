#include "hadal/msp/defend/ascent.h"

#include "hadal/msp/attack/loss.h"
#include "hadal/msp/attack/test_support.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>

namespace hadal::msp {
namespace {

class AscentTest : public ::testing::TestWithParam<Norm> {
 protected:
  Classifier classifier_ = testing::bent(61);
  at::Tensor inputs_ = testing::random_images(12, 62, at::kDouble);
  at::Tensor labels_ = testing::predicted(classifier_, inputs_);
  Problem::Source source_{classifier_, 3};
};

TEST_P(AscentTest, RaisesTheLossWithinTheThreat) {
  const Threat threat{.norm = GetParam(), .epsilon = GetParam() == Norm::linf ? 0.03 : 0.3};
  const Problem problem(source_, threat, inputs_, {.labels = labels_}, at::arange(12));
  const LogitLoss loss = [&](const at::Tensor& logits) { return cross_entropy(logits, labels_); };
  const at::Tensor points = ascend(problem, loss, 10, threat.epsilon / 4);
  EXPECT_LE(distance(threat.norm, points, inputs_).max().item<double>(), threat.epsilon + 1e-9);
  EXPECT_TRUE((loss(problem.logits(points)) > loss(problem.logits(inputs_))).all().item<bool>());
  EXPECT_FALSE(at::equal(points, ascend(problem, loss, 10, threat.epsilon / 4, 1)));
}

INSTANTIATE_TEST_SUITE_P(Norms, AscentTest, ::testing::Values(Norm::linf, Norm::l2),
                         [](const auto& norm) { return std::string(name_of(norm.param)); });

}  // namespace
}  // namespace hadal::msp
