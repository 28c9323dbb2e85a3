#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace c3d {

/// A mutex that serves its callers in the order in which they came. A training loop that locks again at once
/// would starve everybody else with std::mutex.
class FairMutex {
 public:
  void lock() {
    std::unique_lock guard(mutex_);
    const auto ticket = next_++;
    turn_.wait(guard, [&] { return ticket == serving_; });
  }
  void unlock() {
    {
      std::lock_guard guard(mutex_);
      ++serving_;
    }
    turn_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable turn_;
  std::uint64_t next_ = 0;
  std::uint64_t serving_ = 0;
};

}  // namespace c3d
