#include "core/runtime/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/cpu/Utils.h>
#include <c10/core/DeviceGuard.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <algorithm>
#include <thread>

#include "core/runtime/error.h"

namespace c3d {
namespace {

bool cpuHas(const char* capability) {
  const auto capabilities = at::cpu::get_cpu_capabilities();
  const auto found = capabilities.find(capability);
  return found != capabilities.end() && found->second.isBool() && found->second.toBool();
}

DeviceTraits cpuTraits() {
  const auto capabilities = at::cpu::get_cpu_capabilities();
  const auto processor = capabilities.find("cpu_name");
  return {"cpu",
          processor != capabilities.end() && processor->second.isString() ? processor->second.toStringRef()
                                                                          : std::string(),
          cpuHasBFloat16()};
}

}  // namespace

RuntimeInfo runtimeInfo() {
  const auto& context = at::globalContext();
  return {TORCH_VERSION,
          at::get_cpu_capability(),
          at::detail::getCUDAHooks().hasCUDART(),
          static_cast<int>(torch::cuda::device_count()),
          context.allowTF32CuDNN(),
          context.deterministicCuDNN(),
          context.benchmarkCuDNN()};
}

DeviceTraits traitsOf(const c10::Device& device) {
  if (device.is_cpu()) return cpuTraits();
  const c10::DeviceGuard guard(device);
  // The question that LibTorch answers without CUDA's headers; it looks at the compute capability.
  return {device.str(), {}, at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8()};
}

bool cpuHasBFloat16() {
  static const bool has = cpuHas("avx512_bf16") || cpuHas("amx_bf16");
  return has;
}

c10::Device resolveDevice(const std::string& name) {
  const auto cudaDevices = torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
  if (name == "auto") return cudaDevices > 0 ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
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
