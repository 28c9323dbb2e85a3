#include "core/runtime/task_threads.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/runtime/thread_priority.h"

namespace c3d {
namespace {

/// Threads that wait for a job, at most; others end.
constexpr std::size_t kMostIdle = 2;

struct Job {
  std::function<void()> work;
  std::promise<void> ended;

  void run() {
    work();
    work = nullptr;
    ended.set_value();
  }
};

class TaskThreads {
 public:
  std::future<void> start(std::function<void()> work) {
    Job job{std::move(work), {}};
    auto ended = job.ended.get_future();
    {
      const std::scoped_lock lock(mutex_);
      if (waiting_.size() < idle_) {
        waiting_.push_back(std::move(job));
        wake_.notify_one();
        return ended;
      }
    }
    std::thread([this, first = std::move(job)]() mutable { serve(std::move(first)); }).detach();
    return ended;
  }

 private:
  void serve(Job job) {
    giveWay();
    job.run();
    while (auto next = takeNext()) next->run();
  }

  /// Waits for a job; nothing if enough threads do.
  std::optional<Job> takeNext() {
    std::unique_lock lock(mutex_);
    if (waiting_.empty()) {
      if (idle_ == kMostIdle) return {};
      ++idle_;
      wake_.wait(lock, [this] { return !waiting_.empty(); });
      --idle_;
    }
    std::optional<Job> job(std::move(waiting_.front()));
    waiting_.pop_front();
    return job;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> waiting_;  // for idle threads that have been woken
  std::size_t idle_ = 0;
};

}  // namespace

std::future<void> runOnOwnThread(std::function<void()> job) {
  // Never destroyed: idle threads wait in it until the process is gone.
  static auto& threads = *new TaskThreads();
  return threads.start(std::move(job));
}

}  // namespace c3d
