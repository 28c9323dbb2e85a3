// The convolution itself, which is also that of the output's gradient.

namespace c3d::winograd::C3D_ISA {

// The products of a group of tiles and a panel of output channels fit into registers.
constexpr std::int64_t kGroup = C3D_VECTORS / 2;
// Panels of a block: the products at all points of its tiles stay in the second-level cache.
constexpr std::int64_t kPanels = 2;
constexpr std::int64_t kRow = kPanels * kPanel;  // between the products of a point's tiles
// Of the points of some blocks' inputs, which several threads use in turn.
constexpr std::int64_t kChunkBytes = std::int64_t{16} << 20;

static_assert(Cubes::kBlock % kGroup == 0 && Squares::kBlock % kGroup == 0);

/// What the next product will take, which is fetched while this one is computed.
struct Next {
  const float* inputs;
  const float* weights;
};

/// products[tile, 0 to kPanel) = sum over the channels of inputs[tile, channel] weights[channel, 0 to
/// kPanel); Tiles counts the group's tiles, so that every index is a constant and the sums stay in registers.
template <std::size_t... Tiles>
[[gnu::always_inline]] inline void multiply(std::index_sequence<Tiles...>, std::int64_t channels,
                                            const float* inputs, const float* weights, Next next,
                                            float* products) {
  // Of what is next, for every kLanes channels.
  constexpr auto kInputsFetched = kGroup * kLanes / kPanels;
  constexpr auto kWeightsFetched = kLanes * kPanel * kGroup / Cubes::kBlock;
  constexpr std::int64_t kLine = 16;  // of a cache, in floats
  Vector low[] = {(static_cast<void>(Tiles), Vector{})...};
  Vector high[] = {(static_cast<void>(Tiles), Vector{})...};
  for (std::int64_t c = 0; c < channels; c += kLanes, inputs += kGroup * kLanes) {
    for (std::int64_t i = 0; i < kInputsFetched; i += kLine) __builtin_prefetch(next.inputs + i);
    for (std::int64_t i = 0; i < kWeightsFetched; i += kLine) __builtin_prefetch(next.weights + i);
    next.inputs += kInputsFetched;
    next.weights += kWeightsFetched;
    C3D_UNROLL(8)
    for (std::int64_t lane = 0; lane < kLanes; ++lane, weights += kPanel) {
      const auto lowWeights = load(weights);
      const auto highWeights = load(weights + kLanes);
      ((low[Tiles] += lowWeights * inputs[Tiles * kLanes + lane],
        high[Tiles] += highWeights * inputs[Tiles * kLanes + lane]),
       ...);
    }
  }
  ((store(products + Tiles * kRow, low[Tiles]), store(products + Tiles * kRow + kLanes, high[Tiles])), ...);
}

template <std::size_t kTiles>
void multiplyGroup(std::int64_t channels, const float* inputs, const float* weights, Next next,
                   float* products) {
  multiply(std::make_index_sequence<kTiles>(), channels, inputs, weights, next, products);
}

using MultiplyGroup = decltype(&multiplyGroup<1>);

/// multiplyGroup<1>, multiplyGroup<2> and so on.
template <std::size_t... Tiles>
constexpr std::array<MultiplyGroup, sizeof...(Tiles)> multiplyGroups(std::index_sequence<Tiles...>) {
  return {multiplyGroup<Tiles + 1>...};
}

constexpr auto kMultiplyGroup = multiplyGroups(std::make_index_sequence<kGroup>());

/// A convolution of `from` channels to `to`, its weights given as points.
template <typename Tile, typename Stored>
class Convolution {
 public:
  Convolution(const ConvolutionSize& size, std::int64_t from, std::int64_t to, const Stored* input,
              const float* weightPoints, const float* bias, Stored* output)
      : grid_(size),
        depth_(Tile::depth(size)),
        channels_(from),
        from_(depth_ * from),
        to_(to),
        input_(input),
        weightPoints_(weightPoints),
        bias_(bias),
        output_(output),
        pointStride_(kBlock * from_ + kPad),
        blocks_(std::clamp<std::int64_t>(
            kChunkBytes / (kPoints<Tile> * pointStride_ * static_cast<std::int64_t>(sizeof(float))), 1,
            ceilDivide(grid_.tiles(), kBlock))),
        inputPoints_(blocks_ * kPoints<Tile> * pointStride_),
        zeros_(static_cast<std::size_t>(from)) {}

  void compute() {
    for (std::int64_t first = 0; first < grid_.tiles(); first += blocks_ * kBlock) computeChunk(first);
  }

 private:
  static constexpr auto kBlock = Tile::kBlock;

  void computeChunk(std::int64_t first) {
    const auto tiles = std::min(grid_.tiles() - first, blocks_ * kBlock);
    parallelFor(ceilDivide(tiles, kGroup), [&](std::int64_t group) {
      const auto last = std::min(tiles, (group + 1) * kGroup);
      for (auto tile = group * kGroup; tile < last; ++tile) transformTile(first + tile, tile);
    });
    const auto blocks = ceilDivide(tiles, kBlock);
    // Blocks one after the other take the same weights.
    parallelFor(ceilDivide(to_, kPanels * kPanel) * blocks, [&](std::int64_t task) {
      const auto block = task % blocks;
      computeBlock(first + block * kBlock, std::min(kBlock, tiles - block * kBlock), pointsOf(block),
                   task / blocks * kPanels);
    });
  }

  float* pointsOf(std::int64_t block) const {
    return inputPoints_.data() + block * kPoints<Tile> * pointStride_;
  }

  /// Points lie as [block, point, group, from / kLanes, kGroup, kLanes], in which order products read them.
  void transformTile(std::int64_t tile, std::int64_t index) const {
    auto* to = pointsOf(index / kBlock) + index % kBlock / kGroup * kGroup * from_ + index % kGroup * kLanes;
    for (std::int64_t kernel = 0; kernel < depth_; ++kernel) {
      const auto inputs = grid_.template inputs<Stored>(tile, kernel, input_, channels_, zeros_.data());
      for (std::int64_t c = 0; c < channels_; c += kLanes, to += kGroup * kLanes)
        transformInputs<Tile, Stored>(inputs, c, to, pointStride_);
    }
  }

  void computeBlock(std::int64_t firstTile, std::int64_t tiles, const float* points,
                    std::int64_t firstPanel) const {
    constexpr auto kStride = kBlock * kRow + kPad;
    const auto panels = std::min(kPanels, to_ / kPanel - firstPanel);
    const Scratch products(kPoints<Tile> * kStride);
    for (std::int64_t p = 0; p < kPoints<Tile>; ++p)
      for (std::int64_t panel = 0; panel < panels; ++panel) {
        const auto* weights = weightPoints_ + ((firstPanel + panel) * kPoints<Tile> + p) * from_ * kPanel;
        for (std::int64_t tile = 0; tile < tiles; tile += kGroup) {
          const auto* inputs = points + p * pointStride_ + tile * from_;
          // Of the next point, each product of a block fetches a part.
          const Next next{inputs + pointStride_ + panel * kGroup * from_ / kPanels,
                          weights + (kBlock + tile) * from_ * kPanel / kBlock};
          kMultiplyGroup[static_cast<std::size_t>(std::min(kGroup, tiles - tile) - 1)](
              from_, inputs, weights, next, products.data() + p * kStride + tile * kRow + panel * kPanel);
        }
      }
    for (std::int64_t tile = 0; tile < tiles; ++tile)
      writeTile(firstTile + tile, products.data() + tile * kRow, kStride, firstPanel * kPanel,
                panels * kPanel);
  }

  void writeTile(std::int64_t tile, const float* products, std::int64_t stride, std::int64_t first,
                 std::int64_t channels) const {
    const auto outputs = grid_.template outputs<Stored>(tile, output_, to_, nullptr);
    for (std::int64_t c = 0; c < channels; c += kLanes) {
      Vector values[kOutputs<Tile>];
      transformProducts<Tile>(products + c, stride, values);
      const auto bias = bias_ == nullptr ? Vector{} : load(bias_ + first + c);
      for (std::size_t i = 0; i < outputs.size(); ++i)
        if (outputs[i] != nullptr) store(outputs[i] + first + c, values[i] + bias);
    }
  }

  TileGrid<Tile> grid_;
  std::int64_t depth_, channels_;
  std::int64_t from_, to_;  // channels that are summed up, of all kernels, and that come out
  const Stored* input_;
  const float* weightPoints_;
  const float* bias_;
  Stored* output_;
  std::int64_t pointStride_;  // between a block's points
  std::int64_t blocks_;       // of a chunk
  Scratch inputPoints_;
  std::vector<Stored> zeros_;  // what lies outside of the input
};

}  // namespace c3d::winograd::C3D_ISA
