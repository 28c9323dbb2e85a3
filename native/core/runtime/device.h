#pragma once

#include <string>

namespace c10 {
struct Device;
}

namespace c3d {

struct RuntimeInfo {
  std::string libtorch;       // version, e.g. "2.13.0"
  std::string cpuCapability;  // e.g. "AVX2", "AVX512"
  bool cudaAvailable = false;
  int cudaDevices = 0;
};

RuntimeInfo runtimeInfo();

/// "auto" (CUDA where there is one), "cpu", "cuda" or "cuda:1". Throws Error(Device) that says which there
/// are.
c10::Device resolveDevice(const std::string& name);

/// Threads for LibTorch's operators on the calling thread; the setting is per thread. 0: one for every core
/// that the process may use.
void useComputeThreads(int threads);

int availableCores();

}  // namespace c3d
