#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <optional>
#include <utility>

namespace c3d {

/// Runs `work` on the process's one thread for this CUDA device and waits for it; what it throws is thrown
/// here. On that thread itself it runs at once.
void runOnDeviceThread(const c10::Device& device, const std::function<void()>& work);

/// The value of work(), computed here for the CPU and on the device's thread for CUDA devices. LibTorch keeps
/// cuDNN's plans of convolutions by thread: on a thread of its own every call would make them anew, which
/// takes hundreds of milliseconds.
template <typename Work>
auto computeOn(const c10::Device& device, const Work& work) -> decltype(work()) {
  if (device.is_cpu()) return work();
  std::optional<decltype(work())> result;
  runOnDeviceThread(device, [&] { result.emplace(work()); });
  return *std::move(result);
}

}  // namespace c3d
