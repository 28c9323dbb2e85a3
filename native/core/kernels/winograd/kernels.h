// Kernels of convolutions as points, and back.

namespace c3d::winograd::C3D_ISA {

/// Channels that lie together in the points of weights, as products take them.
constexpr std::int64_t kPanel = 2 * kLanes;

/// Which convolution the points are for: the layer's, or that of the output's gradient which gives its
/// input's.
enum class Direction { Forward, Backward };

/// G along one axis: of a kernel's three taps, its four points, which are `apart`.
[[gnu::always_inline]] inline void toPoints(const Vector& a, const Vector& b, const Vector& c, Vector* points,
                                            std::int64_t apart) {
  const Vector ends = 0.5F * (a + c);
  const Vector middle = 0.5F * b;
  points[0] = a;
  points[apart] = ends + middle;
  points[2 * apart] = ends - middle;
  points[3 * apart] = c;
}

/// G^T along one axis: of the gradients of four points, those of three taps, which are `apart`.
[[gnu::always_inline]] inline void toTaps(const Vector& a, const Vector& b, const Vector& c, const Vector& d,
                                          Vector* taps, std::int64_t apart) {
  const Vector sum = 0.5F * (b + c);
  taps[0] = a + sum;
  taps[apart] = 0.5F * (b - c);
  taps[2 * apart] = sum + d;
}

/// kLanes channels of a kernel, whose taps are `apart`, to its points, which are `stride` apart.
template <typename Tile>
[[gnu::always_inline]] inline void transformKernel(const float* taps, std::int64_t apart, float* points,
                                                   std::int64_t stride) {
  Vector frames[Tile::kInputFrames * 9];
  for (std::int64_t p = 0; p < 9; ++p) {
    const auto at = [&](std::int64_t frame) { return load(taps + (frame * 9 + p) * apart); };
    if constexpr (Tile::kInputFrames > 1)
      toPoints(at(0), at(1), at(2), frames + p, 9);
    else
      frames[p] = at(0);
  }
  for (const auto* frame = frames; frame < frames + Tile::kInputFrames * 9; frame += 9) {
    Vector rows[4 * 3];
    for (int w = 0; w < 3; ++w) toPoints(frame[w], frame[3 + w], frame[6 + w], rows + w, 3);
    for (const auto* row = rows; row < rows + 12; row += 3) {
      Vector columns[4];
      toPoints(row[0], row[1], row[2], columns, 1);
      for (int w = 0; w < 4; ++w, points += stride) store(points, columns[w]);
    }
  }
}

/// A panel of output channels; what is summed up are the input channels.
template <typename Tile>
void transformPanelForward(const ConvolutionSize& size, std::int64_t panel, const float* weights,
                           float* points) {
  const auto in = size.inChannels;
  const auto from = Tile::depth(size) * in;
  float taps[kTaps<Tile>][kLanes][kLanes];  // input channels, output channels
  for (std::int64_t o = 0; o < kPanel; o += kLanes)
    for (std::int64_t c = 0; c < from; c += kLanes) {
      for (std::int64_t lane = 0; lane < kLanes; ++lane)
        for (std::int64_t tap = 0; tap < kTaps<Tile>; ++tap) {
          const auto kernelTap = (panel * kPanel + o + lane) * size.taps() + c / in * kTaps<Tile> + tap;
          const auto* read = weights + kernelTap * in + c % in;
          for (std::int64_t i = 0; i < kLanes; ++i) taps[tap][i][lane] = read[i];
        }
      for (std::int64_t i = 0; i < kLanes; ++i)
        transformKernel<Tile>(taps[0][i], kLanes * kLanes,
                              points + (panel * kPoints<Tile> * from + c + i) * kPanel + o, from * kPanel);
    }
}

/// A panel of input channels; what is summed up are the output channels. The kernel is turned round along all
/// axes: its last tap comes first.
template <typename Tile>
void transformPanelBackward(const ConvolutionSize& size, std::int64_t panel, const float* weights,
                            float* points) {
  const auto in = size.inChannels;
  const auto out = size.outChannels;
  const auto from = Tile::depth(size) * out;
  for (std::int64_t o = 0; o < from; ++o)
    for (std::int64_t c = 0; c < kPanel; c += kLanes) {
      const auto lastTap = (o % out + 1) * size.taps() - 1 - o / out * kTaps<Tile>;
      transformKernel<Tile>(weights + lastTap * in + panel * kPanel + c, -in,
                            points + (panel * kPoints<Tile> * from + o) * kPanel + c, from * kPanel);
    }
}

/// weights [outChannels, taps, inChannels] -> points [to / kPanel, points, from, kPanel], where `from` are
/// the channels that are summed up, of as many kernels as Tile::depth, and `to` those that come out: in and
/// out forward, out and in backward.
template <typename Tile>
void transformWeights(const ConvolutionSize& size, Direction direction, const float* weights, float* points) {
  const bool forward = direction == Direction::Forward;
  const auto transform = forward ? transformPanelForward<Tile> : transformPanelBackward<Tile>;
  parallelFor((forward ? size.outChannels : size.inChannels) / kPanel,
              [&](std::int64_t panel) { transform(size, panel, weights, points); });
}

/// Gradients of kLanes input channels' points, which are `stride` apart, to those of the weights, whose taps
/// are `inChannels` apart; they are added to what is there unless `first`.
template <typename Tile>
void transformPointGradients(const float* points, std::int64_t stride, std::int64_t inChannels, bool first,
                             float* weights) {
  Vector frames[Tile::kTapFrames * 16];
  for (std::int64_t p = 0; p < 16; ++p) {
    const auto at = [&](std::int64_t frame) { return load(points + (frame * 16 + p) * stride); };
    if constexpr (Tile::kInputFrames > 1)
      toTaps(at(0), at(1), at(2), at(3), frames + p, 16);
    else
      frames[p] = at(0);
  }
  for (const auto* frame = frames; frame < frames + Tile::kTapFrames * 16; frame += 16) {
    Vector rows[3 * 4];
    for (int w = 0; w < 4; ++w) toTaps(frame[w], frame[4 + w], frame[8 + w], frame[12 + w], rows + w, 4);
    for (const auto* row = rows; row < rows + 12; row += 4) {
      Vector taps[3];
      toTaps(row[0], row[1], row[2], row[3], taps, 1);
      for (int w = 0; w < 3; ++w, weights += inChannels)
        store(weights, first ? taps[w] : load(weights) + taps[w]);
    }
  }
}

}  // namespace c3d::winograd::C3D_ISA
