#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <stop_token>

#include "core/runtime/error.h"

namespace c3d {

/// Lends out a number of equal units, to callers in the order in which they came: one who waits for many
/// holds back those behind, so that nobody starves.
class FairSemaphore {
 public:
  explicit FairSemaphore(int units) : units_(units), free_(units) {}

  int units() const { return units_; }

  /// Waits until `wanted` units, at most all, are free. Throws Error(Aborted) when `stop` is requested
  /// before.
  void acquire(int wanted, const std::stop_token& stop = {}) {
    std::unique_lock guard(mutex_);
    const auto self = waiting_.insert(waiting_.end(), wanted);
    const bool mine = changed_.wait(guard, stop, [&] { return self == waiting_.begin() && free_ >= wanted; });
    waiting_.erase(self);
    if (mine) free_ -= wanted;
    changed_.notify_all();  // the next one may fit as well
    if (!mine) throw Error(ErrorCode::Aborted, "The work was stopped on request.");
  }

  void release(int units) {
    const std::lock_guard guard(mutex_);
    free_ += units;
    changed_.notify_all();
  }

 private:
  const int units_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int free_;
  std::list<int> waiting_;  // wanted units, first come first
};

/// A mutex that serves its callers in the order in which they came. A training loop that locks again at once
/// would starve everybody else with std::mutex.
class FairMutex {
 public:
  void lock() { semaphore_.acquire(1); }
  /// Throws Error(Aborted) when `stop` is requested while it waits.
  void lock(const std::stop_token& stop) { semaphore_.acquire(1, stop); }
  void unlock() { semaphore_.release(1); }

 private:
  FairSemaphore semaphore_{1};
};

}  // namespace c3d
