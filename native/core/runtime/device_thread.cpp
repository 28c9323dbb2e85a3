#include "core/runtime/device_thread.h"

#include <c10/core/DeviceGuard.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace c3d {
namespace {

/// Lives to the end of the process, and waits when that comes: whoever gives it work waits for it first.
class DeviceThread {
 public:
  explicit DeviceThread(c10::Device device) {
    std::thread thread([this, device] { serve(device); });
    id_ = thread.get_id();
    thread.detach();
  }

  void run(const std::function<void()>& work) {
    if (std::this_thread::get_id() == id_) return work();
    std::packaged_task<void()> task(work);
    auto done = task.get_future();
    {
      const std::scoped_lock lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
    done.get();
  }

 private:
  void serve(c10::Device device) {
    const c10::DeviceGuard guard(device);
    while (true) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !tasks_.empty(); });
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::packaged_task<void()>> tasks_;
  std::thread::id id_;
};

DeviceThread& threadOf(const c10::Device& device) {
  static std::mutex mutex;
  // Never destroyed: the threads wait on what is in it until the process is gone.
  static auto& threads = *new std::map<c10::DeviceIndex, std::unique_ptr<DeviceThread>>();
  const std::scoped_lock lock(mutex);
  auto& thread = threads[device.index()];
  if (!thread) thread = std::make_unique<DeviceThread>(device);
  return *thread;
}

}  // namespace

void runOnDeviceThread(const c10::Device& device, const std::function<void()>& work) {
  threadOf(device).run(work);
}

}  // namespace c3d
