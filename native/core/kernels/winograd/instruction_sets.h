#pragma once

#include "core/kernels/convolution_size.h"

// What code.h gives for each instruction set.
#define C3D_WINOGRAD(isa)                                                                            \
  namespace c3d::winograd::isa {                                                                     \
  bool fits(const ConvolutionSize& size);                                                            \
  std::int64_t weightPoints(const ConvolutionSize& size);                                            \
  void transformWeights(const ConvolutionSize& size, const float* weights, float* points);           \
  void convolution(const ConvolutionSize& size, const float* input, const float* weightPoints,       \
                   const float* bias, float* output);                                                \
  void inputGradient(const ConvolutionSize& size, const float* outputGradient, const float* weights, \
                     float* inputGradient);                                                          \
  void weightGradient(const ConvolutionSize& size, const float* input, const float* outputGradient,  \
                      float* weights);                                                               \
  }

C3D_WINOGRAD(avx2)
C3D_WINOGRAD(avx512)

#undef C3D_WINOGRAD
