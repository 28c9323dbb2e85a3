#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "addon/errors.h"
#include "addon/napi.h"
#include "core/runtime/cancellation.h"

namespace c3d::addon {

/// Makes a JavaScript value; runs on the JavaScript thread.
using ToJs = std::function<Napi::Value(Napi::Env)>;

class TaskRegistry;

/// Long work on a thread of its own, which JavaScript sees as { done: Promise, cancel() }.
///
/// Lifetime: the task is owned by the registry until its thread-safe function is finalized, on the JavaScript
/// thread, which waits for the work's end. The thread reaches JavaScript through the thread-safe function
/// alone. When the environment ends first, the thread-safe function refuses calls, the work stops at its next
/// look at the cancellation, and the finalizer or TaskRegistry::stopAll waits for that.
class Task {
 public:
  const Cancellation& cancellation() const { return cancellation_; }

  /// Hands an event to JavaScript. From the task's own thread.
  void emit(ToJs event);
  /// The same for events that may be lost: dropped while JavaScript has not taken earlier ones.
  void emitDroppable(ToJs event);

 private:
  friend class TaskRegistry;
  struct Message {
    ToJs event;
    bool settles = false;
    bool droppable = false;
  };
  static void deliver(Napi::Env env, Napi::Function onEvent, Task* task, Message* message);
  using ThreadSafeFunction = Napi::TypedThreadSafeFunction<Task, Message, &Task::deliver>;

  Task(Napi::Env env) : deferred_(Napi::Promise::Deferred::New(env)) {}
  void run(const std::function<ToJs(Task&)>& work);
  void send(Message message);
  void settle(Napi::Env env);
  void cancelAndWait();

  Cancellation cancellation_;
  Napi::Promise::Deferred deferred_;
  ThreadSafeFunction toJavaScript_;
  std::future<void> ended_;
  std::mutex waitMutex_;
  std::atomic<int> undelivered_{0};  // droppable events on their way
  bool environmentEnded_ = false;    // of the task's own thread
  // Written by the thread before the settling message, read on the JavaScript thread when that arrives.
  ToJs result_;
  std::optional<ErrorReport> failure_;
};

/// The tasks of one environment (the main thread or a worker).
class TaskRegistry : public std::enable_shared_from_this<TaskRegistry> {
 public:
  ~TaskRegistry() { stopAll(); }

  /// Starts `work` on a thread. It returns the conversion of its result. `onEvent` may be empty.
  Napi::Object start(Napi::Env env, const Napi::Function& onEvent, std::function<ToJs(Task&)> work);
  Napi::Object start(Napi::Env env, std::function<ToJs(Task&)> work);

  /// Cancels everything and waits for its end. On the JavaScript thread.
  void stopAll();

 private:
  std::set<std::shared_ptr<Task>> tasks_;  // JavaScript thread only
};

}  // namespace c3d::addon
