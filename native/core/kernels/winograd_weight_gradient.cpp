#include <algorithm>
#include <utility>
#include <vector>

#include "core/kernels/winograd.h"
#include "core/kernels/winograd_kernels.h"
#include "core/kernels/winograd_tiles.h"
#include "core/runtime/parallel.h"
#include "core/runtime/scratch.h"

namespace c3d {

#ifdef C3D_X86
namespace winograd {
namespace {

// The sums of a few output channels and input channels stay in registers.
constexpr std::int64_t kOut = 4;
constexpr std::int64_t kVectors = 3;
constexpr std::int64_t kIn = kVectors * kLanes;
// Channels of a task, at most, so that what it reads is used often enough.
constexpr std::int64_t kBlock = 64;
// Of the points of inputs and gradients: what stays in the last cache, if possible.
constexpr std::int64_t kChunkBytes = std::int64_t{32} << 20;
constexpr std::int64_t kTilesAGroup = 8;  // that are transformed by one task
// Tiles that are summed up at a time, so that what is multiplied stays in the first-level cache.
constexpr std::int64_t kRun = 128;

/// sums[o, i] = sum over the tiles of gradients[tile, o] inputs[tile, i] for kOut output channels and kWidth
/// vectors of input channels, which are `inputsApart`; added to what is there unless `first`. Sum counts the
/// sums [o, vector], so that every index is a constant and they stay in registers.
template <std::size_t kWidth, std::size_t... Sum>
C3D_AVX2_PART void multiply(std::index_sequence<Sum...>, std::int64_t tiles, const float* gradients,
                            const float* inputs, std::int64_t inputsApart, bool first, float* sums,
                            std::int64_t row) {
  __m256 sum[] = {(first ? _mm256_setzero_ps()
                         : _mm256_loadu_ps(sums + static_cast<std::int64_t>(Sum / kWidth) * row +
                                           static_cast<std::int64_t>(Sum % kWidth) * kLanes))...};
  C3D_UNROLL(4)
  for (std::int64_t tile = 0; tile < tiles; ++tile, gradients += kLanes, inputs += kLanes)
    ((sum[Sum] = _mm256_fmadd_ps(
          _mm256_broadcast_ss(gradients + Sum / kWidth),
          _mm256_loadu_ps(inputs + static_cast<std::int64_t>(Sum % kWidth) * inputsApart), sum[Sum])),
     ...);
  (_mm256_storeu_ps(sums + static_cast<std::int64_t>(Sum / kWidth) * row +
                        static_cast<std::int64_t>(Sum % kWidth) * kLanes,
                    sum[Sum]),
   ...);
}

template <std::size_t kWidth>
C3D_AVX2 void multiplyTiles(std::int64_t tiles, const float* gradients, const float* inputs,
                            std::int64_t inputsApart, bool first, float* sums, std::int64_t row) {
  multiply<kWidth>(std::make_index_sequence<kOut * kWidth>(), tiles, gradients, inputs, inputsApart, first,
                   sums, row);
}

constexpr decltype(&multiplyTiles<1>) kMultiplyTiles[] = {multiplyTiles<1>, multiplyTiles<2>,
                                                          multiplyTiles<3>};

class WeightGradient {
 public:
  WeightGradient(const ConvolutionSize& size, const float* input, const float* gradient, float* weights)
      : size_(size),
        grid_(size),
        input_(input),
        gradient_(gradient),
        weights_(weights),
        chunk_(std::min(grid_.tiles(), std::max(kTilesAGroup, kChunkBytes / tileBytes(size)))),
        inputStride_(chunk_ * size.inChannels + kPad),
        gradientStride_(chunk_ * size.outChannels + kPad),
        inputPoints_(kPoints * inputStride_),
        gradientPoints_(kPoints * gradientStride_),
        zeros_(static_cast<std::size_t>(std::max(size.inChannels, size.outChannels))) {
    inBlock_ = std::min(kBlock, size.inChannels);
    outBlock_ = std::min(kBlock, size.outChannels);
    // A task for every thread at least.
    while (outBlock_ > kLanes && tasks() < 2 * computingThreads()) outBlock_ /= 2;
  }

  void compute() {
    for (std::int64_t first = 0; first < grid_.tiles(); first += chunk_) {
      const auto tiles = std::min(chunk_, grid_.tiles() - first);
      parallelFor(ceilDivide(tiles, kTilesAGroup), [&](std::int64_t group) {
        const auto last = std::min(tiles, (group + 1) * kTilesAGroup);
        for (auto tile = group * kTilesAGroup; tile < last; ++tile) transformTile(first + tile, tile);
      });
      parallelFor(tasks(), [&](std::int64_t task) { addBlock(task, tiles, /*isFirst=*/first == 0); });
    }
  }

 private:
  static std::int64_t tileBytes(const ConvolutionSize& size) {
    return kPoints * (size.inChannels + size.outChannels) * static_cast<std::int64_t>(sizeof(float));
  }

  std::int64_t inBlocks() const { return ceilDivide(size_.inChannels, inBlock_); }
  std::int64_t tasks() const { return inBlocks() * ceilDivide(size_.outChannels, outBlock_); }

  /// Points lie as [64, channels / kLanes, tile, kLanes].
  C3D_AVX2 void transformTile(std::int64_t tile, std::int64_t index) const {
    const auto inputs = grid_.positions<kInputs>(tile, /*reach=*/1, input_, size_.inChannels, zeros_.data());
    for (std::int64_t c = 0; c < size_.inChannels; c += kLanes)
      transformInputs(inputs, c, inputPoints_.data() + c * chunk_ + index * kLanes, inputStride_);
    const auto gradients =
        grid_.positions<kOutputs>(tile, /*reach=*/0, gradient_, size_.outChannels, zeros_.data());
    for (std::int64_t c = 0; c < size_.outChannels; c += kLanes)
      transformGradients(gradients, c, gradientPoints_.data() + c * chunk_ + index * kLanes, gradientStride_);
  }

  void addBlock(std::int64_t task, std::int64_t tiles, bool isFirst) const {
    const auto in = task % inBlocks() * inBlock_;
    const auto out = task / inBlocks() * outBlock_;
    const auto ins = std::min(inBlock_, size_.inChannels - in);
    const auto outs = std::min(outBlock_, size_.outChannels - out);
    const auto stride = outs * ins + kPad;
    const Scratch sums(kPoints * stride);
    for (std::int64_t p = 0; p < kPoints; ++p) {
      const auto* gradients = gradientPoints_.data() + p * gradientStride_ + out * chunk_;
      const auto* inputs = inputPoints_.data() + p * inputStride_ + in * chunk_;
      for (std::int64_t tile = 0; tile < tiles; tile += kRun)
        for (std::int64_t i = 0; i < ins; i += kIn) {
          const auto multiply = kMultiplyTiles[std::min(kVectors, (ins - i) / kLanes) - 1];
          for (std::int64_t o = 0; o < outs; o += kOut)
            multiply(std::min(kRun, tiles - tile),
                     gradients + (o / kLanes * chunk_ + tile) * kLanes + o % kLanes,
                     inputs + i * chunk_ + tile * kLanes, kLanes * chunk_, /*first=*/tile == 0,
                     sums.data() + p * stride + o * ins + i, ins);
        }
    }
    for (std::int64_t o = 0; o < outs; ++o)
      for (std::int64_t i = 0; i < ins; i += kLanes)
        transformPointGradients(sums.data() + o * ins + i, stride, size_.inChannels, isFirst,
                                weights_ + (out + o) * size_.taps() * size_.inChannels + in + i);
  }

  const ConvolutionSize& size_;
  TileGrid grid_;
  const float* input_;
  const float* gradient_;
  float* weights_;
  std::int64_t chunk_;  // tiles
  std::int64_t inputStride_, gradientStride_;
  Scratch inputPoints_, gradientPoints_;
  std::vector<float> zeros_;
  std::int64_t inBlock_ = 0, outBlock_ = 0;
};

}  // namespace
}  // namespace winograd

void winogradWeightGradient(const ConvolutionSize& size, const float* input, const float* outputGradient,
                            float* weights) {
  winograd::WeightGradient(size, input, outputGradient, weights).compute();
}

#else

void winogradWeightGradient(const ConvolutionSize&, const float*, const float*, float*) {}

#endif

}  // namespace c3d
