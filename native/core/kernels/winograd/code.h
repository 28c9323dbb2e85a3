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
  return size.kernel[1] == 3 && size.kernel[2] == 3 && size.inChannels % kPanel == 0 &&
         size.outChannels % kPanel == 0;
}

namespace {

bool isCubic(const ConvolutionSize& size) {
  return size.kernel[0] == Cubes::kTapFrames;
}

}  // namespace

std::int64_t weightPoints(const ConvolutionSize& size) {
  const auto points =
      isCubic(size) ? kPoints<Cubes> * Cubes::depth(size) : kPoints<Squares> * Squares::depth(size);
  return points * size.inChannels * size.outChannels;
}

namespace {

template <typename Tile>
void convolve(const ConvolutionSize& size, const float* input, const float* weightPoints, const float* bias,
              float* output) {
  Convolution<Tile>(size, size.inChannels, size.outChannels, input, weightPoints, bias, output).compute();
}

template <typename Tile>
void convolveGradient(const ConvolutionSize& size, const float* outputGradient, const float* weights,
                      float* inputGradient) {
  const Scratch points(weightPoints(size));
  transformWeights<Tile>(size, Direction::Backward, weights, points.data());
  Convolution<Tile>(size, size.outChannels, size.inChannels, outputGradient, points.data(), nullptr,
                    inputGradient)
      .compute();
}

}  // namespace

void transformWeights(const ConvolutionSize& size, const float* weights, float* points) {
  const auto transform = isCubic(size) ? transformWeights<Cubes> : transformWeights<Squares>;
  transform(size, Direction::Forward, weights, points);
}

void convolution(const ConvolutionSize& size, const float* input, const float* weightPoints,
                 const float* bias, float* output) {
  const auto compute = isCubic(size) ? convolve<Cubes> : convolve<Squares>;
  compute(size, input, weightPoints, bias, output);
}

void inputGradient(const ConvolutionSize& size, const float* outputGradient, const float* weights,
                   float* inputGradient) {
  const auto compute = isCubic(size) ? convolveGradient<Cubes> : convolveGradient<Squares>;
  compute(size, outputGradient, weights, inputGradient);
}

void weightGradient(const ConvolutionSize& size, const float* input, const float* outputGradient,
                    float* weights) {
  if (isCubic(size))
    WeightGradient<Cubes>(size, input, outputGradient, weights).compute();
  else
    WeightGradient<Squares>(size, input, outputGradient, weights).compute();
}

}  // namespace c3d::winograd::C3D_ISA
