#pragma once

#include "core/kernels/bfloat16.h"
#include "core/kernels/convolution_size.h"

namespace c3d {

/// Convolutions with kernels 3 high and 3 wide in float32 by Winograd's minimal filtering (Lavin and Gray,
/// "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, section 4). With 3x3x3 kernels it is
/// F(2x2x2, 3x3x3): for 2x2x2 outputs at a time, 4x4x4 inputs and the kernel are transformed to 64 points
/// each, multiplied point by point and transformed back. That is 64 multiplications where the convolution
/// itself has 216, and matrix products over the channels. Kernels of another depth are filtered in height and
/// width alone, F(2x2, 3x3): 16 multiplications for 36. The transforms add and halve only, so that whole
/// numbers stay exact; rounding errors are about twice those of the plain sum.
///
/// Activations and their gradients may be stored as floats or as BFloat16, weights are floats.
///
/// Whether they are there (with AVX2 or AVX-512) and made for convolutions of this size. Every sum is made in
/// the same order whatever the number of threads.
bool hasWinograd(const ConvolutionSize& size);

/// How many floats the points of the layer's weights are: for 3x3x3 kernels 64 for 27.
std::int64_t winogradWeightPoints(const ConvolutionSize& size);

/// The weights' points, which winogradConvolution takes; they are of use as long as the weights do not
/// change.
void winogradTransformWeights(const ConvolutionSize& size, const float* weights, float* points);

/// output[position, o] = bias[o] + sum of weights[o, dt, dh, dw, i] input[position + (dt, dh, dw) - kernel /
/// 2, i].
template <typename Stored>
void winogradConvolution(const ConvolutionSize& size, const Stored* input, const float* weightPoints,
                         const float* bias, Stored* output);

/// The gradient of the input: the same with the kernels turned round and the channels' roles swapped.
template <typename Stored>
void winogradInputGradient(const ConvolutionSize& size, const Stored* outputGradient, const float* weights,
                           Stored* inputGradient);

/// The gradient of the weights, as weightGradient's.
template <typename Stored>
void winogradWeightGradient(const ConvolutionSize& size, const Stored* input, const Stored* outputGradient,
                            float* weights);

}  // namespace c3d
