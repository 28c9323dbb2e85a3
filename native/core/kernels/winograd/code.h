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
namespace {

bool fits(const ConvolutionSize& size) {
  return size.kernel[1] == 3 && size.kernel[2] == 3 && size.inChannels % kPanel == 0 &&
         size.outChannels % kPanel == 0;
}

bool isCubic(const ConvolutionSize& size) {
  return size.kernel[0] == Cubes::kTapFrames;
}

std::int64_t weightPoints(const ConvolutionSize& size) {
  const auto points =
      isCubic(size) ? kPoints<Cubes> * Cubes::depth(size) : kPoints<Squares> * Squares::depth(size);
  return points * size.inChannels * size.outChannels;
}

void transformForward(const ConvolutionSize& size, const float* weights, float* points) {
  const auto transform = isCubic(size) ? transformWeights<Cubes> : transformWeights<Squares>;
  transform(size, Direction::Forward, weights, points);
}

template <typename Tile, typename Stored>
void convolve(const ConvolutionSize& size, const Stored* input, const float* weightPoints, const float* bias,
              Stored* output) {
  Convolution<Tile, Stored>(size, size.inChannels, size.outChannels, input, weightPoints, bias, output)
      .compute();
}

template <typename Tile, typename Stored>
void convolveGradient(const ConvolutionSize& size, const Stored* outputGradient, const float* weights,
                      Stored* inputGradient) {
  const Scratch points(weightPoints(size));
  transformWeights<Tile>(size, Direction::Backward, weights, points.data());
  Convolution<Tile, Stored>(size, size.outChannels, size.inChannels, outputGradient, points.data(), nullptr,
                            inputGradient)
      .compute();
}

template <typename Stored>
void convolution(const ConvolutionSize& size, const Stored* input, const float* weightPoints,
                 const float* bias, Stored* output) {
  const auto compute = isCubic(size) ? convolve<Cubes, Stored> : convolve<Squares, Stored>;
  compute(size, input, weightPoints, bias, output);
}

template <typename Stored>
void inputGradient(const ConvolutionSize& size, const Stored* outputGradient, const float* weights,
                   Stored* inputGradient) {
  const auto compute = isCubic(size) ? convolveGradient<Cubes, Stored> : convolveGradient<Squares, Stored>;
  compute(size, outputGradient, weights, inputGradient);
}

template <typename Stored>
void weightGradient(const ConvolutionSize& size, const Stored* input, const Stored* outputGradient,
                    float* weights) {
  if (isCubic(size))
    WeightGradient<Cubes, Stored>(size, input, outputGradient, weights).compute();
  else
    WeightGradient<Squares, Stored>(size, input, outputGradient, weights).compute();
}

template <typename Stored>
constexpr StoredCode<Stored> kStoredCode = {convolution<Stored>, inputGradient<Stored>,
                                            weightGradient<Stored>};

}  // namespace

const Code kCode = {fits, weightPoints, transformForward, kStoredCode<float>, kStoredCode<BFloat16>};

}  // namespace c3d::winograd::C3D_ISA
