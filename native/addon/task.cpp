#include "addon/task.h"

#include <utility>

#include "core/runtime/task_threads.h"

namespace c3d::addon {
namespace {

constexpr int kMostUndelivered = 64;  // droppable events on their way to JavaScript

}  // namespace

void Task::emit(ToJs event) {
  send({std::move(event), false, false});
}

void Task::emitDroppable(ToJs event) {
  if (undelivered_.load() >= kMostUndelivered) return;
  ++undelivered_;
  send({std::move(event), false, true});
}

void Task::send(Message message) {
  // After napi_closing the thread-safe function must not be touched again.
  if (environmentEnded_) return;
  auto owned = std::make_unique<Message>(std::move(message));
  const auto status = toJavaScript_.NonBlockingCall(owned.get());
  if (status == napi_ok) {
    owned.release();  // deliver() owns it now
    return;
  }
  if (status == napi_closing) environmentEnded_ = true;
}

void Task::deliver(Napi::Env env, Napi::Function onEvent, Task* task, Message* raw) {
  const std::unique_ptr<Message> message(raw);
  if (env == nullptr)
    return;  // the environment is ending, the task may be gone: only the message is to be freed
  if (message->droppable) --task->undelivered_;
  if (message->settles) {
    task->settle(env);
  } else if (!onEvent.IsEmpty()) {
    onEvent.Call({message->event(env)});
  }
}

void Task::run(const std::function<ToJs(Task&)>& work) {
  try {
    result_ = work(*this);
  } catch (...) {
    failure_ = reportOf(std::current_exception());
  }
  send({nullptr, true, false});
  if (!environmentEnded_) toJavaScript_.Release();
}

void Task::settle(Napi::Env env) {
  if (failure_) {
    deferred_.Reject(toJs(env, *failure_).Value());
    return;
  }
  try {
    deferred_.Resolve(result_ ? result_(env) : env.Undefined());
  } catch (const Napi::Error& error) {
    deferred_.Reject(error.Value());
  } catch (...) {
    deferred_.Reject(toJs(env, reportOf(std::current_exception())).Value());
  }
  result_ = nullptr;
}

void Task::cancelAndWait() {
  cancellation_.request();
  const std::lock_guard lock(waitMutex_);
  if (ended_.valid()) ended_.wait();
}

Napi::Object TaskRegistry::start(Napi::Env env, std::function<ToJs(Task&)> work) {
  return start(env, Napi::Function(), std::move(work));
}

Napi::Object TaskRegistry::start(Napi::Env env, const Napi::Function& onEvent,
                                 std::function<ToJs(Task&)> work) {
  const std::shared_ptr<Task> task(new Task(env));
  task->toJavaScript_ = Task::ThreadSafeFunction::New(
      env, onEvent, "torch-c3d task", /*maxQueueSize=*/0, /*initialThreadCount=*/1, task.get(),
      [registry = weak_from_this(), task](Napi::Env, void*, Task*) {
        task->cancelAndWait();
        if (const auto live = registry.lock()) live->tasks_.erase(task);
      },
      static_cast<void*>(nullptr));
  tasks_.insert(task);
  // The thread does not own the task: the finalizer above, which does, waits for its end first.
  task->ended_ = runOnOwnThread([raw = task.get(), work = std::move(work)] { raw->run(work); });

  auto handle = Napi::Object::New(env);
  handle.Set("done", task->deferred_.Promise());
  handle.Set("cancel", Napi::Function::New(
                           env,
                           [weak = std::weak_ptr<Task>(task)](const Napi::CallbackInfo&) {
                             if (const auto live = weak.lock()) live->cancellation_.request();
                           },
                           "cancel"));
  return handle;
}

void TaskRegistry::stopAll() {
  for (const auto& task : tasks_) task->cancellation_.request();
  for (const auto& task : tasks_) task->cancelAndWait();
}

}  // namespace c3d::addon
