#pragma once

#include <cstdint>

#include "core/kernels/bfloat16.h"
#include "core/kernels/normalization.h"

namespace c3d {

// Of values [positions, channels], floats or BFloat16.

/// output = max(0, normalized input); NaN passes. Both may be the same memory.
template <typename Stored>
void normalizedRelu(std::int64_t positions, const ChannelNormalization& normalization, const Stored* input,
                    Stored* output);

/// What the gradients of the normalization are made of.
template <typename Stored>
NormalizationSums normalizedReluSums(std::int64_t positions, const ChannelNormalization& normalization,
                                     const Stored* input, const Stored* outputGradient);

/// The gradient of the input, which may take the input's memory.
template <typename Stored>
void normalizedReluGradient(std::int64_t positions, const ChannelNormalization& normalization,
                            const NormalizationGradient& gradient, const Stored* input,
                            const Stored* outputGradient, Stored* inputGradient);

}  // namespace c3d
