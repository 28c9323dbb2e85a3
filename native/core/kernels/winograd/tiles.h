// Tiles of activations and their transforms.

namespace c3d::winograd::C3D_ISA {

constexpr std::int64_t kReach = 1;        // of a kernel, in height and width
constexpr std::int64_t kOutputWidth = 2;  // of a tile, and its height
constexpr std::int64_t kInputWidth = kOutputWidth + 2 * kReach;

/// 2x2x2 outputs and the 4x4x4 inputs that 3x3x3 kernels take for them.
struct Cubes {
  static constexpr std::int64_t kOutputFrames = 2;
  static constexpr std::int64_t kInputFrames = 4;
  static constexpr std::int64_t kTapFrames = 3;
  static constexpr std::int64_t kBlock = 24;  // tiles that are multiplied together

  /// Frame kernels that are summed up like channels.
  static std::int64_t depth(const ConvolutionSize&) { return 1; }
};

/// 2x2 outputs of one frame. A kernel of any depth is as many 3x3 kernels, which are summed up like channels.
struct Squares {
  static constexpr std::int64_t kOutputFrames = 1;
  static constexpr std::int64_t kInputFrames = 1;
  static constexpr std::int64_t kTapFrames = 1;
  static constexpr std::int64_t kBlock = 96;

  static std::int64_t depth(const ConvolutionSize& size) { return size.kernel[0]; }
};

template <typename Tile>
constexpr auto kPoints = Tile::kInputFrames * kInputWidth * kInputWidth;
template <typename Tile>
constexpr auto kOutputs = Tile::kOutputFrames * kOutputWidth * kOutputWidth;
template <typename Tile>
constexpr auto kTaps = Tile::kTapFrames * 9;

/// Added between the points of an array, so that they do not all fall into the same sets of the caches.
constexpr std::int64_t kPad = 16;

constexpr std::int64_t ceilDivide(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// The tiles of a convolution, numbered through: clips, frames, rows, columns.
template <typename Tile>
class TileGrid {
 public:
  explicit TileGrid(const ConvolutionSize& size)
      : size_(size),
        frames_(ceilDivide(size.frames, Tile::kOutputFrames)),
        rows_(ceilDivide(size.height, kOutputWidth)),
        columns_(ceilDivide(size.width, kOutputWidth)) {}

  std::int64_t tiles() const { return size_.clips * frames_ * rows_ * columns_; }

  /// Where a tile's inputs lie for one of the kernels that are summed up; `outside` for those that are not
  /// there.
  template <typename Stored>
  std::array<const Stored*, kPoints<Tile>> inputs(std::int64_t tile, std::int64_t kernel,
                                                  const Stored* values, std::int64_t channels,
                                                  const Stored* outside) const {
    const auto before = size_.kernel[0] / 2 - kernel;
    return positions<kPoints<Tile>, kInputWidth>(tile, before, kReach, values, channels, outside);
  }
  /// Where a tile's outputs lie.
  template <typename Stored>
  std::array<Stored*, kOutputs<Tile>> outputs(std::int64_t tile, Stored* values, std::int64_t channels,
                                              Stored* outside) const {
    return positions<kOutputs<Tile>, kOutputWidth>(tile, 0, 0, values, channels, outside);
  }

 private:
  /// The first position is `framesBefore` and `reach` before the tile's first output.
  template <std::int64_t kCount, std::int64_t kWidth, typename Stored>
  std::array<Stored*, kCount> positions(std::int64_t tile, std::int64_t framesBefore, std::int64_t reach,
                                        Stored* values, std::int64_t channels, Stored* outside) const {
    const auto column = tile % columns_ * kOutputWidth - reach;
    const auto row = tile / columns_ % rows_ * kOutputWidth - reach;
    const auto frame = tile / (columns_ * rows_) % frames_ * Tile::kOutputFrames - framesBefore;
    const auto clip = tile / (columns_ * rows_ * frames_);
    std::array<Stored*, kCount> at;
    std::size_t i = 0;
    for (auto t = frame; t < frame + kCount / (kWidth * kWidth); ++t)
      for (auto h = row; h < row + kWidth; ++h)
        for (auto w = column; w < column + kWidth; ++w, ++i) {
          const bool inside =
              t >= 0 && t < size_.frames && h >= 0 && h < size_.height && w >= 0 && w < size_.width;
          at[i] = inside
                      ? values + (((clip * size_.frames + t) * size_.height + h) * size_.width + w) * channels
                      : outside;
        }
    return at;
  }

  ConvolutionSize size_;
  std::int64_t frames_, rows_, columns_;
};

/// B^T along one axis: of four inputs, what is multiplied at the four points.
[[gnu::always_inline]] inline void toPoints(Vector& a, Vector& b, Vector& c, Vector& d) {
  const Vector first = a - c;
  const Vector second = b + c;
  const Vector third = c - b;
  const Vector fourth = b - d;
  a = first;
  b = second;
  c = third;
  d = fourth;
}

/// A^T along one axis: of the products at four points, the two outputs.
[[gnu::always_inline]] inline void toOutputs(const Vector& a, const Vector& b, const Vector& c,
                                             const Vector& d, Vector& first, Vector& second) {
  first = a + (b + c);
  second = (b - c) - d;
}

/// A along one axis: of the two outputs' gradients, those of the products at four points, which are `apart`.
[[gnu::always_inline]] inline void toGradients(const Vector& a, const Vector& b, Vector* points,
                                               std::int64_t apart) {
  points[0] = a;
  points[apart] = a + b;
  points[2 * apart] = a - b;
  points[3 * apart] = -b;
}

/// kLanes channels of a tile's inputs to their points, which are `stride` apart in `to`.
template <typename Tile, typename Stored>
[[gnu::always_inline]] inline void transformInputs(const std::array<const Stored*, kPoints<Tile>>& inputs,
                                                   std::int64_t channel, float* to, std::int64_t stride) {
  Vector x[kPoints<Tile>];
  for (std::size_t p = 0; p < 16; ++p) {
    for (auto i = p; i < kPoints<Tile>; i += 16) x[i] = load(inputs[i] + channel);
    if constexpr (Tile::kInputFrames > 1) toPoints(x[p], x[16 + p], x[32 + p], x[48 + p]);
  }
  for (Vector* frame = x; frame < x + kPoints<Tile>; frame += 16) {
    for (int w = 0; w < 4; ++w) toPoints(frame[w], frame[4 + w], frame[8 + w], frame[12 + w]);
    for (Vector* row = frame; row < frame + 16; row += 4) {
      toPoints(row[0], row[1], row[2], row[3]);
      for (int w = 0; w < 4; ++w, to += stride) store(to, row[w]);
    }
  }
}

/// kLanes channels of the products at a tile's points, which are `stride` apart, to its outputs.
template <typename Tile>
[[gnu::always_inline]] inline void transformProducts(const float* products, std::int64_t stride,
                                                     Vector (&outputs)[kOutputs<Tile>]) {
  Vector frames[Tile::kOutputFrames * 16];
  for (std::int64_t p = 0; p < 16; ++p) {
    const auto at = [&](std::int64_t frame) { return load(products + (frame * 16 + p) * stride); };
    if constexpr (Tile::kInputFrames > 1)
      toOutputs(at(0), at(1), at(2), at(3), frames[p], frames[16 + p]);
    else
      frames[p] = at(0);
  }
  auto* output = outputs;
  for (const auto* frame = frames; frame < frames + Tile::kOutputFrames * 16; frame += 16) {
    Vector rows[8];
    for (int w = 0; w < 4; ++w)
      toOutputs(frame[w], frame[4 + w], frame[8 + w], frame[12 + w], rows[w], rows[4 + w]);
    for (const auto* row = rows; row < rows + 8; row += 4, output += 2)
      toOutputs(row[0], row[1], row[2], row[3], output[0], output[1]);
  }
}

/// kLanes channels of the gradients of a tile's outputs to those of its points' products.
template <typename Tile, typename Stored>
[[gnu::always_inline]] inline void transformGradients(
    const std::array<const Stored*, kOutputs<Tile>>& gradients, std::int64_t channel, float* to,
    std::int64_t stride) {
  Vector frames[Tile::kInputFrames * 4];
  for (std::size_t p = 0; p < 4; ++p) {
    if constexpr (Tile::kInputFrames > 1)
      toGradients(load(gradients[p] + channel), load(gradients[4 + p] + channel), frames + p, 4);
    else
      frames[p] = load(gradients[p] + channel);
  }
  for (const Vector* frame = frames; frame < frames + Tile::kInputFrames * 4; frame += 4) {
    Vector rows[8];
    for (int w = 0; w < 2; ++w) toGradients(frame[w], frame[2 + w], rows + w, 2);
    for (int h = 0; h < 4; ++h) {
      Vector points[4];
      toGradients(rows[h * 2], rows[h * 2 + 1], points, 1);
      for (int w = 0; w < 4; ++w, to += stride) store(to, points[w]);
    }
  }
}

}  // namespace c3d::winograd::C3D_ISA
