// Tiles of activations and their transforms.

namespace c3d::winograd::C3D_ISA {

constexpr std::int64_t kOutputs = 2;  // of a tile, along each axis
constexpr std::int64_t kInputs = 4;   // of a tile, along each axis: with the kernel's reach on both sides
constexpr std::int64_t kPoints = kInputs * kInputs * kInputs;

/// Added between the points of an array, so that they do not all fall into the same sets of the caches.
constexpr std::int64_t kPad = 16;

constexpr std::int64_t ceilDivide(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// The tiles of a convolution, numbered through: clips, frames, rows, columns.
class TileGrid {
 public:
  explicit TileGrid(const ConvolutionSize& size)
      : size_(size),
        frames_(ceilDivide(size.frames, kOutputs)),
        rows_(ceilDivide(size.height, kOutputs)),
        columns_(ceilDivide(size.width, kOutputs)) {}

  std::int64_t tiles() const { return size_.clips * frames_ * rows_ * columns_; }

  /// Where a tile's kWidth x kWidth x kWidth positions lie, of which the first is `reach` before its first
  /// output along each axis; `outside` for those that are not there.
  template <std::int64_t kWidth, typename Float>
  std::array<Float*, kWidth * kWidth * kWidth> positions(std::int64_t tile, std::int64_t reach, Float* values,
                                                         std::int64_t channels, Float* outside) const {
    const auto column = tile % columns_ * kOutputs - reach;
    const auto row = tile / columns_ % rows_ * kOutputs - reach;
    const auto frame = tile / (columns_ * rows_) % frames_ * kOutputs - reach;
    const auto clip = tile / (columns_ * rows_ * frames_);
    std::array<Float*, kWidth * kWidth * kWidth> at;
    std::size_t i = 0;
    for (auto t = frame; t < frame + kWidth; ++t)
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

 private:
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
[[gnu::always_inline]] inline void transformInputs(const std::array<const float*, kPoints>& inputs,
                                                   std::int64_t channel, float* to, std::int64_t stride) {
  Vector x[kPoints];
  for (std::size_t p = 0; p < 16; ++p) {
    for (std::size_t t = 0; t < 4; ++t) x[t * 16 + p] = load(inputs[t * 16 + p] + channel);
    toPoints(x[p], x[16 + p], x[32 + p], x[48 + p]);
  }
  for (Vector* frame = x; frame < x + kPoints; frame += 16) {
    for (int w = 0; w < 4; ++w) toPoints(frame[w], frame[4 + w], frame[8 + w], frame[12 + w]);
    for (Vector* row = frame; row < frame + 16; row += 4) {
      toPoints(row[0], row[1], row[2], row[3]);
      for (int w = 0; w < 4; ++w, to += stride) store(to, row[w]);
    }
  }
}

/// kLanes channels of the products at a tile's points, which are `stride` apart, to its 8 outputs.
[[gnu::always_inline]] inline void transformProducts(const float* products, std::int64_t stride,
                                                     Vector (&outputs)[8]) {
  Vector frames[32];
  for (std::int64_t p = 0; p < 16; ++p)
    toOutputs(load(products + p * stride), load(products + (16 + p) * stride),
              load(products + (32 + p) * stride), load(products + (48 + p) * stride), frames[p],
              frames[16 + p]);
  Vector rows[16];
  for (int t = 0; t < 2; ++t)
    for (int w = 0; w < 4; ++w) {
      const auto* x = frames + t * 16 + w;
      toOutputs(x[0], x[4], x[8], x[12], rows[t * 8 + w], rows[t * 8 + 4 + w]);
    }
  for (int i = 0; i < 4; ++i) {
    const auto* x = rows + i * 4;
    toOutputs(x[0], x[1], x[2], x[3], outputs[i * 2], outputs[i * 2 + 1]);
  }
}

/// kLanes channels of the gradients of a tile's 8 outputs to those of its points' products.
[[gnu::always_inline]] inline void transformGradients(const std::array<const float*, 8>& gradients,
                                                      std::int64_t channel, float* to, std::int64_t stride) {
  Vector frames[16];
  for (std::size_t p = 0; p < 4; ++p)
    toGradients(load(gradients[p] + channel), load(gradients[4 + p] + channel), frames + p, 4);
  for (const Vector* frame = frames; frame < frames + 16; frame += 4) {
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
