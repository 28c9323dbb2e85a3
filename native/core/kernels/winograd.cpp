#include "core/kernels/winograd.h"

#include "core/kernels/cpu_features.h"
#include "core/kernels/winograd/instruction_sets.h"

namespace c3d {

#ifdef C3D_X86

bool hasWinograd(const ConvolutionSize& size) {
  if (hasAvx512()) return winograd::avx512::fits(size);
  return hasAvx2() && winograd::avx2::fits(size);
}

void winogradConvolution(const ConvolutionSize& size, const float* input, const float* weights,
                         const float* bias, float* output) {
  const auto compute = hasAvx512() ? winograd::avx512::convolution : winograd::avx2::convolution;
  compute(size, input, weights, bias, output);
}

void winogradInputGradient(const ConvolutionSize& size, const float* outputGradient, const float* weights,
                           float* inputGradient) {
  const auto compute = hasAvx512() ? winograd::avx512::inputGradient : winograd::avx2::inputGradient;
  compute(size, outputGradient, weights, inputGradient);
}

void winogradWeightGradient(const ConvolutionSize& size, const float* input, const float* outputGradient,
                            float* weights) {
  const auto compute = hasAvx512() ? winograd::avx512::weightGradient : winograd::avx2::weightGradient;
  compute(size, input, outputGradient, weights);
}

#else

bool hasWinograd(const ConvolutionSize&) {
  return false;
}
void winogradConvolution(const ConvolutionSize&, const float*, const float*, const float*, float*) {}
void winogradInputGradient(const ConvolutionSize&, const float*, const float*, float*) {}
void winogradWeightGradient(const ConvolutionSize&, const float*, const float*, float*) {}

#endif

}  // namespace c3d
