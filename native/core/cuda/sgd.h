#pragma once

#include <c10/core/Device.h>

#include <vector>

#include "core/kernels/sgd_update.h"

namespace c3d::cuda {

/// updateBySgd for parameters in the memory of a CUDA device. Needs canCompile().
void updateBySgd(const c10::Device& device, const SgdRule& rule, const std::vector<SgdValues>& parameters);

}  // namespace c3d::cuda
