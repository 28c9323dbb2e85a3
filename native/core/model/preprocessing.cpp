#include "core/model/preprocessing.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>

#include <string>
#include <vector>

#include "core/runtime/error.h"

namespace c3d {
namespace {

at::Tensor channelMean(const Preprocessing& preprocessing, const at::Device& device) {
  auto mean = at::empty({1, 3, 1, 1, 1}, at::kFloat);
  for (std::size_t i = 0; i < preprocessing.mean.size(); ++i)
    mean.mutable_data_ptr<float>()[i] = static_cast<float>(preprocessing.mean[i]);
  return mean.to(device);
}

/// The parts of the cube that the clips show: float32 [N, 3, T, H, W], channels_last_3d.
at::Tensor cubeMean(const at::Tensor& cube, at::IntArrayRef clips, std::span<const CropPlace> places) {
  const auto count = clips[0], frames = clips[1], height = clips[2], width = clips[3];
  const bool fits = frames == cube.size(1) && height <= cube.size(2) && width <= cube.size(3);
  if (!fits || count != static_cast<std::int64_t>(places.size()))
    throw Error(ErrorCode::InvalidArgument, "A mean cube of " + std::to_string(cube.size(1)) + " frames of " +
                                                std::to_string(cube.size(3)) + "x" +
                                                std::to_string(cube.size(2)) + " does not fit clips of " +
                                                std::to_string(frames) + " frames of " +
                                                std::to_string(width) + "x" + std::to_string(height) +
                                                ", or it is not known where they were cut.");
  const auto frameMajor = cube.permute({1, 2, 3, 0});
  std::vector<at::Tensor> windows;
  for (const auto& place : places) {
    const auto window = frameMajor.narrow(1, place.y, height).narrow(2, place.x, width);
    windows.push_back(place.flip ? window.flip(2) : window);
  }
  return at::stack(windows).permute({0, 4, 1, 2, 3});
}

}  // namespace

at::Tensor toInput(const at::Tensor& pixels, const Preprocessing& preprocessing,
                   std::span<const CropPlace> places) {
  const auto mean = preprocessing.meanCube.defined()
                        ? cubeMean(preprocessing.meanCube, pixels.sizes(), places)
                        : channelMean(preprocessing, pixels.device());
  // [N, T, H, W, C] seen as [N, C, T, H, W] is channels_last_3d already: nothing moves.
  return pixels.permute({0, 4, 1, 2, 3}).to(at::kFloat).sub_(mean).mul_(preprocessing.scale);
}

}  // namespace c3d
