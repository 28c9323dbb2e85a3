#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace c3d::cuda {

/// A kernel that is ready to run on one CUDA device.
struct Kernel {
  void* function = nullptr;  // CUfunction
};

/// CUDA C++ that is compiled for the GPU at hand, by the NVRTC that LibTorch brings. So a build needs neither
/// CUDA's compiler nor its headers, and a GPU runs code made for it.
struct Source {
  const char* name;  // for messages
  const char* text;  // without #include; kernels are extern "C"
};

/// Whether the driver and NVRTC are there. What they are is asked of the machine once.
bool canCompile();

/// The kernel of that name, compiled with these macros ("LANES=8") for the current device. Compiled at its
/// first use, which takes a fraction of a second, and kept for the process. The calling thread must have used
/// the device with LibTorch. Throws Error(Device) with the compiler's words.
Kernel kernel(const Source& source, const std::vector<std::string>& macros, const char* name);

/// Starts a kernel on the current stream of the current device.
/// blocks: x of `threads` threads each, y; arguments: the addresses of the kernel's arguments, in order.
/// Throws Error(Device).
void launch(const Kernel& kernel, std::int64_t blocksX, std::int64_t blocksY, int threads,
            std::vector<void*> arguments);

/// The machine code of a source for a processor ("sm_90"), whether or not such a GPU is there.
/// Throws Error(Device) with the compiler's words.
std::vector<char> compile(const Source& source, const std::vector<std::string>& macros,
                          const std::string& processor);

}  // namespace c3d::cuda
