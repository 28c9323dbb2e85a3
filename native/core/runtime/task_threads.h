#pragma once

#include <functional>
#include <future>

namespace c3d {

/// Runs `job`, which must not throw, on a thread of its own, which gives way (thread_priority); the future is
/// ready when the job has ended and what it held is gone. The thread is one whose last job has ended, if
/// there is one: OpenMP keeps a team of threads for each thread that computes, and would start it anew.
std::future<void> runOnOwnThread(std::function<void()> job);

}  // namespace c3d
