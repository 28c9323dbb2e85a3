#pragma once

#include <cstdint>
#include <functional>

namespace c3d {

/// Runs task(0) to task(tasks - 1), shared out among LibTorch's computing threads, and returns when all are
/// done; what one throws is thrown here. Tasks must not depend on each other. For the kernels, which see no
/// LibTorch.
void parallelFor(std::int64_t tasks, const std::function<void(std::int64_t)>& task);

/// How many of these threads there are.
std::int64_t computingThreads();

}  // namespace c3d
