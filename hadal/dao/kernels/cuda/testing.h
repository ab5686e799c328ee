#pragma once

// Where the tests of the kernels run them: by emulation, and on a GPU where the library has them.
#include "hadal/core/random.h"
#include "hadal/dao/kernels/cuda/emulation/launch.h"

#include <string>

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>
#if defined(HADAL_CUDA)
#include <c10/cuda/CUDAFunctions.h>
#endif

namespace hadal::dao::kernels::cuda {

enum class Where { emulation, gpu };

class EachPlace : public ::testing::TestWithParam<Where> {
 protected:
  explicit EachPlace(std::uint64_t seed) : seed_(seed) {}
  void SetUp() override {
#if defined(HADAL_CUDA)
    if (GetParam() == Where::gpu && c10::cuda::device_count() == 0) {
      GTEST_SKIP() << "this machine has no GPU";
    }
#endif
    seed_aten(seed_);
  }

  /// `tensor` where the kernels run.
  static at::Tensor there(const at::Tensor& tensor) {
    return GetParam() == Where::gpu ? tensor.to(at::kCUDA) : tensor;
  }

 private:
  std::uint64_t seed_;
};

inline auto each_place() {
#if defined(HADAL_CUDA)
  return ::testing::Values(Where::emulation, Where::gpu);
#else
  return ::testing::Values(Where::emulation);
#endif
}

inline std::string name_of_place(const ::testing::TestParamInfo<Where>& info) {
  return info.param == Where::gpu ? "gpu" : "emulation";
}

}  // namespace hadal::dao::kernels::cuda
