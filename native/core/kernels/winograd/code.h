// The code of winograd.h for one instruction set. A source that includes this has defined C3D_ISA, the
// namespace; C3D_LANES, the floats of a vector; C3D_VECTORS, how many sums a loop keeps in registers; and has
// told the compiler the instruction set for what comes. It has included what is included here before that, so
// that nothing of the standard library is compiled for it.

#include "core/kernels/winograd/vector.h"
// Vectors
#include "core/kernels/winograd/tiles.h"
// Tiles
#include "core/kernels/winograd/kernels.h"
// Kernels and tiles
#include "core/kernels/winograd/convolution.h"
#include "core/kernels/winograd/weight_gradient.h"

namespace c3d::winograd::C3D_ISA {

bool fits(const ConvolutionSize& size) {
  return size.kernel == std::array<std::int64_t, 3>{3, 3, 3} && size.inChannels % kPanel == 0 &&
         size.outChannels % kPanel == 0;
}

void convolution(const ConvolutionSize& size, const float* input, const float* weights, const float* bias,
                 float* output) {
  const Scratch points(kPoints * size.inChannels * size.outChannels);
  transformWeights(size, Direction::Forward, weights, points.data());
  Convolution(size, size.inChannels, size.outChannels, input, points.data(), bias, output).compute();
}

void inputGradient(const ConvolutionSize& size, const float* outputGradient, const float* weights,
                   float* inputGradient) {
  const Scratch points(kPoints * size.inChannels * size.outChannels);
  transformWeights(size, Direction::Backward, weights, points.data());
  Convolution(size, size.outChannels, size.inChannels, outputGradient, points.data(), nullptr, inputGradient)
      .compute();
}

void weightGradient(const ConvolutionSize& size, const float* input, const float* outputGradient,
                    float* weights) {
  WeightGradient(size, input, outputGradient, weights).compute();
}

}  // namespace c3d::winograd::C3D_ISA
