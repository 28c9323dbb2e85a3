#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

#include "core/kernels/rectified_pool.h"

namespace c3d {

/// What a max pool gives, on any device.
struct Pooled {
  at::Tensor output;
  at::Tensor winners;  // uint8, as rectifiedPool has them; undefined where they were not asked for
};

/// Without values: `x`'s clips, channels, type and device, but these places [frames, height, width]. Lies in
/// channels_last_3d.
at::Tensor emptyActivations(const at::Tensor& x, const std::array<std::int64_t, 3>& places);

/// Without values: what pooling x gives.
Pooled emptyPooled(const PoolSize& size, const at::Tensor& x, bool keepWinners);

}  // namespace c3d
