#include "core/kernels/winograd.h"

#include "core/kernels/cpu_features.h"
#include "core/kernels/winograd/instruction_sets.h"

namespace c3d {

#ifdef C3D_X86

bool hasWinograd(const ConvolutionSize& size) {
  if (hasAvx512()) return winograd::avx512::fits(size);
  return hasAvx2() && winograd::avx2::fits(size);
}

std::int64_t winogradWeightPoints(const ConvolutionSize& size) {
  return hasAvx512() ? winograd::avx512::weightPoints(size) : winograd::avx2::weightPoints(size);
}

void winogradTransformWeights(const ConvolutionSize& size, const float* weights, float* points) {
  const auto transform = hasAvx512() ? winograd::avx512::transformWeights : winograd::avx2::transformWeights;
  transform(size, weights, points);
}

void winogradConvolution(const ConvolutionSize& size, const float* input, const float* weightPoints,
                         const float* bias, float* output) {
  const auto compute = hasAvx512() ? winograd::avx512::convolution : winograd::avx2::convolution;
  compute(size, input, weightPoints, bias, output);
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
std::int64_t winogradWeightPoints(const ConvolutionSize&) {
  return 0;
}
void winogradTransformWeights(const ConvolutionSize&, const float*, float*) {}
void winogradConvolution(const ConvolutionSize&, const float*, const float*, const float*, float*) {}
void winogradInputGradient(const ConvolutionSize&, const float*, const float*, float*) {}
void winogradWeightGradient(const ConvolutionSize&, const float*, const float*, float*) {}

#endif

}  // namespace c3d
