#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace c3d {

/// [depth (time), height, width]
using Size3 = std::array<std::int64_t, 3>;

/// 3D convolution, stride 1, zero padding kernel / 2 (so the size stays), then batch norm if asked for, then
/// ReLU.
struct ConvLayer {
  std::string name;
  std::int64_t filters = 0;
  Size3 kernel{};  // odd
  bool batchNorm = false;
};

/// Added to variances by batch norm.
inline constexpr double kBatchNormEpsilon = 1e-5;
inline constexpr double kBatchNormMomentum = 0.1;

/// What max pooling does with a border that is no whole window. Public weight files of C3D disagree about
/// pool5.
enum class PoolRounding {
  Ceil,   // the last window is clipped at the border (Caffe, the paper's networks)
  Floor,  // it is dropped
  Pad     // one row and column of padding on every side, then floor (most PyTorch ports)
};

/// Max pooling with stride = kernel, so that windows never overlap.
struct PoolLayer {
  std::string name;
  Size3 kernel{};
  PoolRounding rounding = PoolRounding::Ceil;
};

/// Fully connected layer, ReLU, then dropout in training.
struct LinearLayer {
  std::string name;
  std::int64_t units = 0;
  std::int64_t inputs = 0;  // checked against what the layers before deliver; 0: not checked
  double dropout = 0;       // probability of zeroing, 0 <= p < 1
};

using Layer = std::variant<ConvLayer, PoolLayer, LinearLayer>;

/// A network as plain data: convolutions and pools, then linear layers, then the classifier.
struct Architecture {
  std::string name;
  std::int64_t frames = 0;  // of an input clip [3, frames, height, width]
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<Layer> layers;
  std::string classifier;  // name of the last linear layer, one unit a class, without ReLU
};

enum class LayerKind { Conv, Pool, Linear };

struct LayerSummary {
  std::string name;
  LayerKind kind = LayerKind::Conv;
  std::vector<std::int64_t> input;   // [channels, frames, height, width] or [units]
  std::vector<std::int64_t> output;  // likewise
  std::int64_t parameters = 0;
  std::int64_t macs = 0;  // multiply-accumulates for one clip
};

struct ArchitectureSummary {
  std::vector<LayerSummary> layers;  // the classifier is the last
  std::int64_t parameters = 0;
  std::int64_t macs = 0;
  std::int64_t activationBytes = 0;  // at the peak of a training pass, for one clip, in float32
};

const std::string& layerName(const Layer& layer);

/// Follows a clip through the layers. Throws Error(Architecture) that names the layer and the sizes when they
/// do not fit: a pool that shrinks a dimension to nothing, a linear layer on another size than it says, a
/// convolution behind a linear layer, an even kernel, two layers of one name.
ArchitectureSummary describe(const Architecture& architecture, std::int64_t classes);

}  // namespace c3d
