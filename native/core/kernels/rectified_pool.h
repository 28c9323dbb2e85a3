#pragma once

#include <cstdint>

#include "core/kernels/pool_windows.h"

namespace c3d {

/// A value's type: bfloat16 as its 16 bits.
enum class PoolType { Float32, BFloat16 };

/// output = max over each window of max(0, input); NaN passes. `winners`, unless it is null, is told which
/// element of its window (counted row by row) each output is.
void rectifiedPool(const PoolSize& size, PoolType type, const void* input, void* output,
                   std::uint8_t* winners);

/// The gradient of the input: that of the output at each winner, else 0. Writes every element once.
void rectifiedPoolGradient(const PoolSize& size, PoolType type, const void* outputGradient,
                           const std::uint8_t* winners, void* inputGradient);

}  // namespace c3d
