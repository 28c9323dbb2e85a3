// The gradient of the weights.

namespace c3d::winograd::C3D_ISA {

// The sums of a few output channels and vectors of input channels stay in registers.
constexpr std::int64_t kVectors = 3;
constexpr std::int64_t kOut = C3D_VECTORS / kVectors;
// Channels of a task, at most, so that what it reads is used often enough.
constexpr std::int64_t kChannels = 64;
// Of the points of inputs and gradients, so that they are still near when they are multiplied, if these are
// enough tiles to sum up.
constexpr std::int64_t kPointBytes = std::int64_t{2} << 20;
constexpr std::int64_t kTilesAGroup = 8;  // that are transformed by one task
// Tiles that are summed up at a time, so that what is multiplied stays in the first-level cache.
constexpr std::int64_t kRun = 128;

static_assert(kLanes % kOut == 0);

/// sums[o, i] = sum over the tiles of gradients[tile, o] inputs[tile, i] for kOut output channels and kWidth
/// vectors of input channels, which are `inputsApart`; added to what is there unless `first`. Sum counts the
/// sums [o, vector], so that every index is a constant and they stay in registers.
template <std::size_t kWidth, std::size_t... Sum>
[[gnu::always_inline]] inline void multiplyTiles(std::index_sequence<Sum...>, std::int64_t tiles,
                                                 const float* gradients, const float* inputs,
                                                 std::int64_t inputsApart, bool first, float* sums,
                                                 std::int64_t row) {
  Vector sum[] = {(first ? Vector{}
                         : load(sums + static_cast<std::int64_t>(Sum / kWidth) * row +
                                static_cast<std::int64_t>(Sum % kWidth) * kLanes))...};
  C3D_UNROLL(4)
  for (std::int64_t tile = 0; tile < tiles; ++tile, gradients += kLanes, inputs += kLanes)
    ((sum[Sum] +=
      load(inputs + static_cast<std::int64_t>(Sum % kWidth) * inputsApart) * gradients[Sum / kWidth]),
     ...);
  (store(sums + static_cast<std::int64_t>(Sum / kWidth) * row +
             static_cast<std::int64_t>(Sum % kWidth) * kLanes,
         sum[Sum]),
   ...);
}

template <std::size_t kWidth>
void multiplyTiles(std::int64_t tiles, const float* gradients, const float* inputs, std::int64_t inputsApart,
                   bool first, float* sums, std::int64_t row) {
  multiplyTiles<kWidth>(std::make_index_sequence<kOut * kWidth>(), tiles, gradients, inputs, inputsApart,
                        first, sums, row);
}

using MultiplyTiles = void (*)(std::int64_t, const float*, const float*, std::int64_t, bool, float*,
                               std::int64_t);
constexpr std::array<MultiplyTiles, kVectors> kMultiplyTiles = {multiplyTiles<1>, multiplyTiles<2>,
                                                                multiplyTiles<3>};

template <typename Tile, typename Stored>
class WeightGradient {
 public:
  WeightGradient(const ConvolutionSize& size, const Stored* input, const Stored* gradient, float* weights)
      : size_(size),
        grid_(size),
        inputs_(Tile::depth(size) * size.inChannels),
        input_(input),
        gradient_(gradient),
        weights_(weights),
        chunk_(std::min(grid_.tiles(), std::max(kRun, kPointBytes / tileBytes()))),
        inputStride_(chunk_ * inputs_ + kPad),
        gradientStride_(chunk_ * size.outChannels + kPad),
        inputPoints_(kPoints<Tile> * inputStride_),
        gradientPoints_(kPoints<Tile> * gradientStride_),
        zeros_(static_cast<std::size_t>(std::max(size.inChannels, size.outChannels))),
        inBlock_(std::min(kChannels, inputs_)),
        outBlock_(std::min(kChannels, size.outChannels)) {
    // Work for every thread.
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
  std::int64_t tileBytes() const {
    return kPoints<Tile> * (inputs_ + size_.outChannels) * static_cast<std::int64_t>(sizeof(float));
  }

  std::int64_t inBlocks() const { return ceilDivide(inputs_, inBlock_); }
  std::int64_t tasks() const { return inBlocks() * ceilDivide(size_.outChannels, outBlock_); }

  /// Points lie as [point, channels / kLanes, tile, kLanes]; input channels once for each kernel.
  void transformTile(std::int64_t tile, std::int64_t index) const {
    const auto in = size_.inChannels;
    for (std::int64_t kernel = 0; kernel < Tile::depth(size_); ++kernel) {
      const auto inputs = grid_.template inputs<Stored>(tile, kernel, input_, in, zeros_.data());
      for (std::int64_t c = 0; c < in; c += kLanes)
        transformInputs<Tile, Stored>(
            inputs, c, inputPoints_.data() + (kernel * in + c) * chunk_ + index * kLanes, inputStride_);
    }
    const auto gradients =
        grid_.template outputs<const Stored>(tile, gradient_, size_.outChannels, zeros_.data());
    for (std::int64_t c = 0; c < size_.outChannels; c += kLanes)
      transformGradients<Tile, Stored>(gradients, c, gradientPoints_.data() + c * chunk_ + index * kLanes,
                                       gradientStride_);
  }

  /// Sums up some channels' points over a chunk's tiles.
  void addBlock(std::int64_t task, std::int64_t tiles, bool isFirst) const {
    const auto in = task % inBlocks() * inBlock_;
    const auto out = task / inBlocks() * outBlock_;
    const auto ins = std::min(inBlock_, inputs_ - in);
    const auto outs = std::min(outBlock_, size_.outChannels - out);
    const auto stride = outs * ins + kPad;
    const Scratch sums(kPoints<Tile> * stride);
    for (std::int64_t p = 0; p < kPoints<Tile>; ++p) {
      const auto* gradients = gradientPoints_.data() + p * gradientStride_ + out * chunk_;
      const auto* inputs = inputPoints_.data() + p * inputStride_ + in * chunk_;
      for (std::int64_t tile = 0; tile < tiles; tile += kRun)
        for (std::int64_t i = 0; i < ins; i += kVectors * kLanes) {
          const auto vectors = std::min(kVectors, (ins - i) / kLanes);
          const auto multiply = kMultiplyTiles[static_cast<std::size_t>(vectors - 1)];
          for (std::int64_t o = 0; o < outs; o += kOut)
            multiply(std::min(kRun, tiles - tile),
                     gradients + (o / kLanes * chunk_ + tile) * kLanes + o % kLanes,
                     inputs + i * chunk_ + tile * kLanes, kLanes * chunk_, /*first=*/tile == 0,
                     sums.data() + p * stride + o * ins + i, ins);
        }
    }
    for (std::int64_t o = 0; o < outs; ++o)
      for (std::int64_t i = 0; i < ins; i += kLanes) {
        const auto kernel = (in + i) / size_.inChannels;
        const auto tap = (out + o) * size_.taps() + kernel * kTaps<Tile>;
        transformPointGradients<Tile>(sums.data() + o * ins + i, stride, size_.inChannels, isFirst,
                                      weights_ + tap * size_.inChannels + (in + i) % size_.inChannels);
      }
  }

  const ConvolutionSize& size_;
  TileGrid<Tile> grid_;
  std::int64_t inputs_;  // channels, of all kernels
  const Stored* input_;
  const Stored* gradient_;
  float* weights_;
  std::int64_t chunk_;  // tiles
  std::int64_t inputStride_, gradientStride_;
  Scratch inputPoints_, gradientPoints_;
  std::vector<Stored> zeros_;  // what lies outside
  std::int64_t inBlock_, outBlock_;
};

}  // namespace c3d::winograd::C3D_ISA
