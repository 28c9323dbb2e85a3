#pragma once

#include <cstddef>

namespace c3d {

/// What LibTorch's large CPU tensors take, in bytes.
struct CpuMemoryUse {
  std::size_t inUse = 0;
  std::size_t peak = 0;  // of inUse, since the process began or `resetPeak`
  std::size_t idle = 0;  // free, and kept for the next tensor
};

/// LibTorch's memory for CPU tensors, for the whole process: large tensors come from one stretch of address
/// space, in huge pages where the system has them, and are kept when they are freed. glibc would give every
/// large tensor a fresh mapping and take it back at once, which costs a page fault every 4 KiB: a third of a
/// training step.
///
/// Memory that is free stays with the process, up to `maxIdle` bytes; the kernel takes it first when memory
/// becomes short (MADV_FREE). Small tensors, and all where the address space is limited, are LibTorch's own
/// allocator's.
///
/// All functions may be called on any thread.
namespace cpu_memory {

/// Takes over; only the first call in a process does anything. Tensors from before stay LibTorch's own
/// allocator's.
void install(std::size_t maxIdle);

/// At most so many bytes are kept; 0: none.
void setMaxIdle(std::size_t bytes);

/// Gives what is free back to the system; returns how much that was.
std::size_t release();

CpuMemoryUse use();
void resetPeak();

}  // namespace cpu_memory
}  // namespace c3d
