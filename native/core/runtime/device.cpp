#include "core/runtime/device.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/Device.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <thread>

#include "core/runtime/error.h"

namespace c3d {

RuntimeInfo runtimeInfo() {
  return {TORCH_VERSION, at::get_cpu_capability(), torch::cuda::is_available(),
          static_cast<int>(torch::cuda::device_count())};
}

c10::Device resolveDevice(const std::string& name) {
  const auto cudaDevices = torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
  if (name == "auto") return c10::Device(cudaDevices > 0 ? c10::kCUDA : c10::kCPU);
  const auto device = [&name] {
    try {
      return c10::Device(name);
    } catch (const c10::Error&) {
      throw Error(ErrorCode::Device,
                  "Expected a device of 'auto', 'cpu', 'cuda' or 'cuda:N', got '" + name + "'.");
    }
  }();
  if (device.is_cpu()) return device;
  if (!device.is_cuda())
    throw Error(ErrorCode::Device,
                "Expected a device of 'auto', 'cpu', 'cuda' or 'cuda:N', got '" + name + "'.");
  const int index = device.has_index() ? device.index() : 0;
  if (index >= cudaDevices)
    throw Error(
        ErrorCode::Device,
        "Device '" + name + "' is not there: LibTorch " TORCH_VERSION " sees " + std::to_string(cudaDevices) +
            " CUDA devices. Use 'cpu', or set the package up with a CUDA build of LibTorch and a driver.");
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

int availableCores() {
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

void useComputeThreads(int threads) {
  at::set_num_threads(threads > 0 ? threads : availableCores());
}

}  // namespace c3d
