#include "core/kernels/weight_gradient.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/kernels/cpu_features.h"
#include "core/runtime/parallel.h"

#ifdef C3D_X86
#include <immintrin.h>
#endif

namespace c3d {

bool hasWeightGradient() {
  return hasAvx2() && !hasAvx512();
}

#ifdef C3D_X86
namespace {

// A tile of the weights is what fits into registers: the products of kOut output channels and kIn input
// channels. For it, positions are packed as [position, kOut] and [position, kIn], which the tile's loop reads
// in order.
constexpr std::int64_t kOut = 6;
constexpr std::int64_t kIn = 16;
constexpr std::int64_t kTile = kOut * kIn;

// Of the packed input that a block of rows and its neighbours take, so that it stays in the first-level
// cache.
constexpr std::int64_t kBlockBytes = 16 * 1024;
// Positions that a tile's loop should have at least, taken from several clips where frames are small.
constexpr std::int64_t kBlockPositions = 256;
// Input panels that share one packing of the output's gradient.
constexpr std::int64_t kPanels = 4;

constexpr std::int64_t ceilDivide(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// The positions of a block that a tap multiplies. Strides are in positions.
struct Walk {
  std::int64_t clips, rows, columns;
  std::int64_t gradientRow, gradientClip;
  std::int64_t inputRow, inputClip;
};

/// tile[o, i] += sum of gradient[position, o] input[position, i] over the walk; O counts the tile's output
/// channels, so that every index is a constant and the sums stay in registers.
template <std::size_t... O>
C3D_AVX2 void accumulate(std::index_sequence<O...>, const Walk& walk, const float* gradient,
                         const float* input, float* tile) {
  (_mm_prefetch(reinterpret_cast<const char*>(tile + kTile + O * kIn), _MM_HINT_T0), ...);
  __m256 low[] = {_mm256_loadu_ps(tile + O * kIn)...};
  __m256 high[] = {_mm256_loadu_ps(tile + O * kIn + 8)...};
  for (std::int64_t n = 0; n < walk.clips; ++n) {
    for (std::int64_t h = 0; h < walk.rows; ++h) {
      const float* g = gradient + (n * walk.gradientClip + h * walk.gradientRow) * kOut;
      const float* x = input + (n * walk.inputClip + h * walk.inputRow) * kIn;
      C3D_UNROLL(2)
      for (std::int64_t w = 0; w < walk.columns; ++w, g += kOut, x += kIn) {
        const __m256 lowInput = _mm256_loadu_ps(x);
        const __m256 highInput = _mm256_loadu_ps(x + 8);
        ((low[O] = _mm256_fmadd_ps(_mm256_broadcast_ss(g + O), lowInput, low[O]),
          high[O] = _mm256_fmadd_ps(_mm256_broadcast_ss(g + O), highInput, high[O])),
         ...);
      }
    }
  }
  ((_mm256_storeu_ps(tile + O * kIn, low[O]), _mm256_storeu_ps(tile + O * kIn + 8, high[O])), ...);
}

/// Copies `kWidth` channels from `first` on of every position; channels that are not there become 0.
template <std::int64_t kWidth, typename Stored>
void pack(const Stored* from, std::int64_t positions, std::int64_t channels, std::int64_t first, float* to) {
  const auto count = std::min(kWidth, channels - first);
  from += first;
  for (std::int64_t p = 0; p < positions; ++p, from += channels, to += kWidth) {
    if (count == kWidth) {
      for (std::int64_t c = 0; c < kWidth; ++c) to[c] = toFloat(from[c]);
    } else {
      for (std::int64_t c = 0; c < kWidth; ++c) to[c] = c < count ? toFloat(from[c]) : 0;
    }
  }
}

struct Range {
  std::int64_t first, last;

  std::int64_t length() const { return last - first; }
};

/// Clips and rows of one frame whose positions are packed and multiplied together.
struct Block {
  Range clips;
  std::int64_t frame;
  Range rows;
};

/// Computes the weights of some input panels and some tiles of output channels.
template <typename Stored>
class Part {
 public:
  Part(const ConvolutionSize& size, const Stored* input, const Stored* gradient, Range panels, Range tiles)
      : size_(size),
        input_(input),
        gradient_(gradient),
        panels_(panels),
        tiles_(tiles),
        rowsABlock_(std::clamp<std::int64_t>(
            kBlockBytes / (kIn * static_cast<std::int64_t>(sizeof(float)) * size.width) -
                2 * (size.kernel[1] / 2),
            1, size.height)),
        clipsABlock_(
            rowsABlock_ < size.height
                ? 1
                : std::clamp<std::int64_t>(kBlockPositions / (size.height * size.width), 1, size.clips)),
        tilePositions_(clipsABlock_ * rowsABlock_ * size.width),
        sums_(floats(panels.length() * size.taps() * tiles.length() * kTile)),
        packedGradient_(floats(tiles.length() * tilePositions_ * kOut)),
        packedInput_(floats(clipsABlock_ * (rowsABlock_ + 2 * (size.kernel[1] / 2)) * size.width * kIn)) {}

  void compute() {
    for (std::int64_t clip = 0; clip < size_.clips; clip += clipsABlock_)
      for (std::int64_t frame = 0; frame < size_.frames; ++frame)
        for (std::int64_t row = 0; row < size_.height; row += rowsABlock_)
          add({{clip, std::min(size_.clips, clip + clipsABlock_)},
               frame,
               {row, std::min(size_.height, row + rowsABlock_)}});
  }

  void write(float* weights) const {
    for (auto panel = panels_.first; panel < panels_.last; ++panel)
      for (std::int64_t tap = 0; tap < size_.taps(); ++tap)
        for (auto tile = tiles_.first; tile < tiles_.last; ++tile) {
          const float* sum = sums_.data() + sumAt(panel, tap) + (tile - tiles_.first) * kTile;
          const auto width = std::min(kIn, size_.inChannels - panel * kIn);
          const auto last = std::min(size_.outChannels, (tile + 1) * kOut);
          for (auto o = tile * kOut; o < last; ++o, sum += kIn)
            std::copy_n(sum, width, weights + (o * size_.taps() + tap) * size_.inChannels + panel * kIn);
        }
  }

 private:
  static std::vector<float> floats(std::int64_t count) {
    return std::vector<float>(static_cast<std::size_t>(count));
  }

  std::int64_t sumAt(std::int64_t panel, std::int64_t tap) const {
    return ((panel - panels_.first) * size_.taps() + tap) * tiles_.length() * kTile;
  }

  void add(const Block& block) {
    packGradient(block);
    const auto back = size_.kernel[0] / 2;
    for (std::int64_t dt = 0; dt < size_.kernel[0]; ++dt) {
      const auto frame = block.frame + dt - back;
      if (frame < 0 || frame >= size_.frames) continue;
      for (auto panel = panels_.first; panel < panels_.last; ++panel) {
        packInput(block, frame, panel);
        multiply(block, dt, panel);
      }
    }
  }

  void packGradient(const Block& block) {
    const auto positions = block.rows.length() * size_.width;
    for (auto tile = tiles_.first; tile < tiles_.last; ++tile) {
      auto* to = packedGradient_.data() + (tile - tiles_.first) * tilePositions_ * kOut;
      for (auto n = block.clips.first; n < block.clips.last; ++n, to += positions * kOut)
        pack<kOut>(gradient_ + rowStart(n, block.frame, block.rows.first) * size_.outChannels, positions,
                   size_.outChannels, tile * kOut, to);
    }
  }

  void packInput(const Block& block, std::int64_t frame, std::int64_t panel) {
    const auto rows = inputRows(block);
    const auto positions = rows.length() * size_.width;
    auto* to = packedInput_.data();
    for (auto n = block.clips.first; n < block.clips.last; ++n, to += positions * kIn)
      pack<kIn>(input_ + rowStart(n, frame, rows.first) * size_.inChannels, positions, size_.inChannels,
                panel * kIn, to);
  }

  /// The block's rows and those around it that its taps reach.
  Range inputRows(const Block& block) const {
    const auto reach = size_.kernel[1] / 2;
    return {std::max<std::int64_t>(0, block.rows.first - reach),
            std::min(size_.height, block.rows.last + reach)};
  }

  void multiply(const Block& block, std::int64_t dt, std::int64_t panel) {
    const auto [kernelT, kernelH, kernelW] = size_.kernel;
    const auto inRows = inputRows(block);
    for (std::int64_t dh = 0; dh < kernelH; ++dh) {
      const auto down = dh - kernelH / 2;
      const Overlap rows(block.rows.first, block.rows.last, down, size_.height);
      for (std::int64_t dw = 0; dw < kernelW; ++dw) {
        const auto right = dw - kernelW / 2;
        const Overlap columns(0, size_.width, right, size_.width);
        if (rows.empty() || columns.empty()) continue;
        const Walk walk{block.clips.length(),
                        rows.length(),
                        columns.length(),
                        size_.width,
                        block.rows.length() * size_.width,
                        size_.width,
                        inRows.length() * size_.width};
        const auto* input = packedInput_.data() +
                            ((rows.first + down - inRows.first) * size_.width + columns.first + right) * kIn;
        const auto* gradient =
            packedGradient_.data() + ((rows.first - block.rows.first) * size_.width + columns.first) * kOut;
        auto* sum = sums_.data() + sumAt(panel, (dt * kernelH + dh) * kernelW + dw);
        for (std::int64_t tile = 0; tile < tiles_.length(); ++tile)
          accumulate(std::make_index_sequence<kOut>(), walk, gradient + tile * tilePositions_ * kOut, input,
                     sum + tile * kTile);
      }
    }
  }

  /// Index of a row's first position.
  std::int64_t rowStart(std::int64_t clip, std::int64_t frame, std::int64_t row) const {
    return ((clip * size_.frames + frame) * size_.height + row) * size_.width;
  }

  const ConvolutionSize& size_;
  const Stored* input_;
  const Stored* gradient_;
  Range panels_, tiles_;
  std::int64_t rowsABlock_, clipsABlock_;
  std::int64_t tilePositions_;  // room of a tile in the packed gradient
  std::vector<float> sums_;     // [panel, tap, tile, kOut, kIn]
  std::vector<float> packedGradient_, packedInput_;
};

}  // namespace

template <typename Stored>
void weightGradient(const ConvolutionSize& size, const Stored* input, const Stored* outputGradient,
                    float* weights) {
  const auto threads = computingThreads();
  const auto panels = ceilDivide(size.inChannels, kIn);
  const auto tiles = ceilDivide(size.outChannels, kOut);
  const auto panelsAPart = std::clamp<std::int64_t>(panels / threads, 1, kPanels);
  const auto panelParts = ceilDivide(panels, panelsAPart);
  // Few input channels: the output's are shared out as well.
  const auto tilesAPart = ceilDivide(tiles, std::min(tiles, ceilDivide(threads, panelParts)));
  const auto tileParts = ceilDivide(tiles, tilesAPart);
  parallelFor(panelParts * tileParts, [&](std::int64_t i) {
    const auto panel = i / tileParts * panelsAPart;
    const auto tile = i % tileParts * tilesAPart;
    Part<Stored> part(size, input, outputGradient, {panel, std::min(panels, panel + panelsAPart)},
                      {tile, std::min(tiles, tile + tilesAPart)});
    part.compute();
    part.write(weights);
  });
}

#else

template <typename Stored>
void weightGradient(const ConvolutionSize&, const Stored*, const Stored*, float*) {}

#endif

template void weightGradient(const ConvolutionSize&, const float*, const float*, float*);
template void weightGradient(const ConvolutionSize&, const BFloat16*, const BFloat16*, float*);

}  // namespace c3d
