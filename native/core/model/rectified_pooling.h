#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

#include "core/model/architecture.h"

namespace c3d {

/// What is padded on both sides of [depth, height, width]; never taken for a maximum.
std::array<std::int64_t, 3> paddingOf(const PoolLayer& pool);

/// Whether reluAndPool is made for these values and this pool: on the CPU in float32 and bfloat16, on CUDA
/// devices in float16 too.
bool canFuseReluAndPool(const at::Tensor& x, const PoolLayer& pool);

/// ReLU and max pooling in one pass. For its gradient it keeps a byte for every output instead of x, so that
/// what was computed before the ReLU is freed at once, and the gradient is written in one pass as well.
///
/// x [N, C, T, H, W] -> [N, ...output], where `output` is LayerSummary's [C, T', H', W']. `bias`, float32
/// [C], is added before the ReLU; on the CPU it must be undefined, since convolutions add it there.
at::Tensor reluAndPool(const at::Tensor& x, const at::Tensor& bias, const PoolLayer& pool,
                       const std::vector<std::int64_t>& output);

}  // namespace c3d
