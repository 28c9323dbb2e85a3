#pragma once

#include <string>

namespace c10 {
struct Device;
}

namespace c3d {

/// What decides how fast a device computes in which precision.
struct DeviceTraits {
  std::string name;       // "cpu" or "cuda:<number>"
  std::string processor;  // as the CPU names itself; empty for CUDA devices
  bool bfloat16 = false;  // in hardware: AVX-512 BF16 or AMX, CUDA compute capability 8.0 and later
};

struct RuntimeInfo {
  std::string libtorch;       // version, e.g. "2.13.0"
  std::string cpuCapability;  // e.g. "AVX2", "AVX512"
  bool cudaBuild = false;     // whether LibTorch is a CUDA build, with or without a GPU
  int cudaDevices = 0;
  // What CUDA devices go by; see cuda_switches.h.
  bool tf32 = false;
  bool deterministic = false;
  bool cudnnBenchmark = false;
};

RuntimeInfo runtimeInfo();

/// "auto" (CUDA where there is one), "cpu", "cuda" or "cuda:1". Throws Error(Device) that says which there
/// are.
c10::Device resolveDevice(const std::string& name);

DeviceTraits traitsOf(const c10::Device& device);

/// DeviceTraits::bfloat16 of the CPU.
bool cpuHasBFloat16();

/// Threads for LibTorch's operators on the calling thread; the setting is per thread. 0: one for every core
/// that the process may use.
void useComputeThreads(int threads);

int availableCores();

}  // namespace c3d
