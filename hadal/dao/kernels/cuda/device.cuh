#pragma once

// What the kernels need of the machine: for CUDA compilers the machine's own, for a C++ compiler an
// emulation, by which tests run the same kernels without a GPU. As both may be in one program, each
// has the kernels in a namespace of its own, HADAL_DEVICE_NAMESPACE.
#if defined(__CUDACC__)
#include "hadal/dao/kernels/cuda/sm80_device.cuh"
#else
#include "hadal/dao/kernels/cuda/emulation/device.h"
#endif
