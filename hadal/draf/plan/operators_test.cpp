#include "hadal/draf/plan/operators.h"

#include "hadal/core/statistics.h"
#include "hadal/draf/plan/published_table.h"
#include "hadal/testing/paths.h"

#include <cmath>

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

const Device kDevice = {.memory = 1e9,
                        .matmul_rate = 1e12,
                        .memory_rate = 1e11,
                        .kernel_seconds = 1e-6,
                        .roofline_power = 64};

TEST(PlanOperators, FollowTheRoofline) {
  // Sharp as this one is, it is the longer of computing and moving.
  EXPECT_NEAR(matmul_seconds(kDevice, 4096, 4096, 4096), 2 * std::pow(4096, 3) / 1e12, 2e-6);
  EXPECT_NEAR(matmul_seconds(kDevice, 1, 4096, 4096), 2 * 4096.0 * 4098 / 1e11 + 1e-6, 1e-9);
  EXPECT_NEAR(matmul_seconds(kDevice, 1, 4096, 4096, 0.5), 4096.0 * 2052 / 1e11 + 1e-6, 2e-7);
  Device soft = kDevice;
  soft.roofline_power = 1;
  EXPECT_DOUBLE_EQ(matmul_seconds(soft, 8, 100, 100),
                   1e-6 + 2 * 8e4 / 1e12 + 2 * (1600 + 1e4) / 1e11);
}

TEST(PlanOperators, ReadAtTheirPartOfTheRate) {
  Device device = kDevice;
  device.elementwise_rate = 0.5;
  device.cache_rate = 0.25;
  device.attention_rate = 0.1;
  EXPECT_DOUBLE_EQ(elementwise_seconds(device, 1e9), 0.02);
  EXPECT_DOUBLE_EQ(attention_seconds(device, 1e9, 1e9), 0.04 + 0.01);
}

class PlanOperatorsRealData : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, PlanOperatorsRealData,
                         ::testing::Values("Llama-2-7b-hf", "Llama-2-70b-hf"));

/// Products of all layers of two models in 1 to 8 parts, with 1 to 4096 tokens.
TEST_P(PlanOperatorsRealData, PriceProductsAsVidurTimedThem) {
  HADAL_REQUIRE_DATA(folder, "tables/vidur/compute/a100/meta-llama");
  const Device device = find_cluster("a100-superpod").device;
  std::vector<double> errors;
  for (const auto& row : read_table(folder / GetParam() / "mlp.csv")) {
    const auto get = [&](const char* column) { return number(row, column); };
    const double parts = get("num_tensor_parallel_workers");
    const double dim = get("n_embd");
    const double head_dim = dim / get("n_head");
    const double query = dim / parts;
    const double kv = std::max(1.0, get("n_kv_head") / parts) * head_dim;
    const double hidden = get("n_expanded_embd") / parts;
    const auto add = [&](const char* name, double inner, double columns) {
      const double timed = get((std::string("time_stats.") + name + ".median").c_str()) * 1e-3;
      const double ours = matmul_seconds(device, get("num_tokens"), inner, columns);
      errors.push_back(std::abs(ours / timed - 1));
    };
    add("attn_pre_proj", dim, query + 2 * kv);
    add("attn_post_proj", query, dim);
    add("mlp_up_proj", dim, 2 * hidden);
    add("mlp_down_proj", hidden, dim);
  }
  EXPECT_EQ(errors.size(), 4 * 1044);
  EXPECT_LT(median(errors), 0.07);
  EXPECT_LT(quantile(errors, 0.9), 0.17);
}

}  // namespace
}  // namespace hadal::draf::plan
