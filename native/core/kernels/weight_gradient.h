#pragma once

#include "core/kernels/bfloat16.h"
#include "core/kernels/convolution_size.h"

namespace c3d {

/// Whether weightGradient is there and the best there is: with AVX2. With AVX-512, oneDNN's is as fast; with
/// AVX2 it multiplies matrices that it has copied together, in about twice the time.
bool hasWeightGradient();

/// Gradient of a convolution's weights in float32: weights[o, dt, dh, dw, i] = sum over all positions of
/// outputGradient[position, o] input[position + (dt, dh, dw) - kernel / 2, i].
///
/// Positions outside of the input are not multiplied at all, which at 7 x 7 and two frames is nearly half of
/// them. Every weight's sum is made in the same order whatever the number of threads. Input and gradient may
/// be stored as floats or as BFloat16. Needs hasWeightGradient().
template <typename Stored>
void weightGradient(const ConvolutionSize& size, const Stored* input, const Stored* outputGradient,
                    float* weights);

}  // namespace c3d
