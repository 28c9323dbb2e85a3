#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <cstdint>
#include <exception>

namespace c3d {

struct DeviceMemory {
  std::int64_t free = 0;   // of the device, in bytes
  std::int64_t total = 0;  // of the device, in bytes
};

/// Of a CUDA device; zeros for the CPU.
DeviceMemory deviceMemory(const c10::Device& device);

/// What tensors take of a device, in bytes; of the CPU's, large ones only.
struct MemoryUse {
  std::size_t inUse = 0;
  std::size_t peak = 0;  // of inUse, since the process began or a run that counts it anew
  std::size_t idle = 0;  // free, and kept for the next tensor
};

MemoryUse memoryUse(const c10::Device& device);

/// From now on the peak counts anew.
void resetPeakMemory(const c10::Device& device);
/// The most that tensors have taken of a CUDA device at once, in bytes; 0 for the CPU.
std::int64_t peakMemory(const c10::Device& device);

/// Whether LibTorch, oneDNN or the C++ library had no memory left.
bool isOutOfMemory(const std::exception& error);

}  // namespace c3d
