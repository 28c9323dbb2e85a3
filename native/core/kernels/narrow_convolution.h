#pragma once

#include "core/kernels/bfloat16.h"
#include "core/kernels/convolution_size.h"

namespace c3d {

/// Convolutions of few input channels, as a network's first one, in float32; activations and their gradients
/// may be stored as floats or as BFloat16. There is too little in a position's channels for kernels that
/// multiply these; a position's neighbours in a row, kernel width times channels, lie together in memory as
/// well and are multiplied instead.
///
/// Whether they are there (with AVX2) and made for convolutions of this size.
bool hasNarrowConvolution(const ConvolutionSize& size);

/// output[position, o] = bias[o] + sum of weights[o, dt, dh, dw, i] input[position + (dt, dh, dw) - kernel /
/// 2, i].
template <typename Stored>
void narrowConvolution(const ConvolutionSize& size, const Stored* input, const float* weights,
                       const float* bias, Stored* output);

/// The gradient of the weights, as weightGradient's. Every sum is made in the same order whatever the number
/// of threads.
template <typename Stored>
void narrowWeightGradient(const ConvolutionSize& size, const Stored* input, const Stored* outputGradient,
                          float* weights);

}  // namespace c3d
