#pragma once

#include <cstdint>

#include "core/kernels/bfloat16.h"
#include "core/kernels/normalization.h"
#include "core/kernels/pool_windows.h"

namespace c3d {

// Activations are floats or BFloat16.

/// output = max over each window of max(0, normalized input); NaN passes. `winners`, unless it is null, is
/// told which element of its window (counted row by row) each output is.
template <typename Stored>
void normalizedPool(const PoolSize& size, const ChannelNormalization& normalization, const Stored* input,
                    Stored* output, std::uint8_t* winners);

/// What the gradients of the normalization are made of.
template <typename Stored>
NormalizationSums normalizedPoolSums(const PoolSize& size, const ChannelNormalization& normalization,
                                     const Stored* input, const Stored* outputGradient,
                                     const std::uint8_t* winners);

/// The gradient of the input, which may take the input's memory.
template <typename Stored>
void normalizedPoolGradient(const PoolSize& size, const ChannelNormalization& normalization,
                            const NormalizationGradient& gradient, const Stored* input,
                            const Stored* outputGradient, const std::uint8_t* winners, Stored* inputGradient);

}  // namespace c3d
