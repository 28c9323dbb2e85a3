#include "core/kernels/winograd.h"

#include "core/kernels/cpu_features.h"
#include "core/kernels/winograd/instruction_sets.h"

namespace c3d {

#ifdef C3D_X86
namespace {

/// The widest vectors that the processor has and the channels fill; null where none do.
const winograd::Code* codeFor(const ConvolutionSize& size) {
  if (hasAvx512() && winograd::avx512::kCode.fits(size)) return &winograd::avx512::kCode;
  if (hasAvx2() && winograd::avx2::kCode.fits(size)) return &winograd::avx2::kCode;
  return nullptr;
}

}  // namespace

bool hasWinograd(const ConvolutionSize& size) {
  return codeFor(size) != nullptr;
}

std::int64_t winogradWeightPoints(const ConvolutionSize& size) {
  return codeFor(size)->weightPoints(size);
}

void winogradTransformWeights(const ConvolutionSize& size, const float* weights, float* points) {
  codeFor(size)->transformWeights(size, weights, points);
}

template <typename Stored>
void winogradConvolution(const ConvolutionSize& size, const Stored* input, const float* weightPoints,
                         const float* bias, Stored* output) {
  codeFor(size)->forStored<Stored>().convolution(size, input, weightPoints, bias, output);
}

template <typename Stored>
void winogradInputGradient(const ConvolutionSize& size, const Stored* outputGradient, const float* weights,
                           Stored* inputGradient) {
  codeFor(size)->forStored<Stored>().inputGradient(size, outputGradient, weights, inputGradient);
}

template <typename Stored>
void winogradWeightGradient(const ConvolutionSize& size, const Stored* input, const Stored* outputGradient,
                            float* weights) {
  codeFor(size)->forStored<Stored>().weightGradient(size, input, outputGradient, weights);
}

#else

bool hasWinograd(const ConvolutionSize&) {
  return false;
}
std::int64_t winogradWeightPoints(const ConvolutionSize&) {
  return 0;
}
void winogradTransformWeights(const ConvolutionSize&, const float*, float*) {}
template <typename Stored>
void winogradConvolution(const ConvolutionSize&, const Stored*, const float*, const float*, Stored*) {}
template <typename Stored>
void winogradInputGradient(const ConvolutionSize&, const Stored*, const float*, Stored*) {}
template <typename Stored>
void winogradWeightGradient(const ConvolutionSize&, const Stored*, const Stored*, float*) {}

#endif

#define C3D_INSTANTIATE(Stored)                                                                        \
  template void winogradConvolution(const ConvolutionSize&, const Stored*, const float*, const float*, \
                                    Stored*);                                                          \
  template void winogradInputGradient(const ConvolutionSize&, const Stored*, const float*, Stored*);   \
  template void winogradWeightGradient(const ConvolutionSize&, const Stored*, const Stored*, float*);

C3D_INSTANTIATE(float)
C3D_INSTANTIATE(BFloat16)

}  // namespace c3d
