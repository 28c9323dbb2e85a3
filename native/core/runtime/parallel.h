#pragma once

#include <cstdint>
#include <functional>

namespace c3d {

/// Runs task(0) to task(tasks - 1) on LibTorch's computing threads, and returns when all are done; what one
/// throws is thrown here. Each thread takes the next task when it is done with one, so that a thread whose
/// core is needed elsewhere, by the decoding of the next clips for one, does not keep the others waiting.
/// Tasks must not depend on each other. For the kernels, which see no LibTorch.
void parallelFor(std::int64_t tasks, const std::function<void(std::int64_t)>& task);

/// How many of these threads there are.
std::int64_t computingThreads();

}  // namespace c3d
