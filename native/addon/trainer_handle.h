#pragma once

#include <memory>

#include "addon/handle.h"
#include "addon/model_handle.h"
#include "core/training/stepwise_trainer.h"

namespace c3d::addon {

/// A trainer, and the model that it must not outlive.
struct TrainerSession {
  TrainerSession(std::shared_ptr<Model> trained, const TrainingConfig& config, std::int64_t stepsPerEpoch)
      : model(std::move(trained)), trainer(model->network, config, stepsPerEpoch) {}

  std::shared_ptr<Model> model;
  StepwiseTrainer trainer;
};

/// NativeTrainer of lib/native/binding.ts.
class TrainerHandle : public Handle<TrainerHandle, TrainerSession> {
 public:
  static constexpr const char* kName = "trainer";
  static constexpr napi_type_tag kTag{0x6333642d74726169, 0x71c05e8f3ab94d06};

  static Napi::Function define(Napi::Env env);
  explicit TrainerHandle(const Napi::CallbackInfo& info);
  ~TrainerHandle() override = default;
  void Finalize(Napi::BasicEnv env) override;

 private:
  void setPrecision(const Napi::CallbackInfo& info);
  Napi::Value step(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);
  void observeValidation(const Napi::CallbackInfo& info);
  Napi::Value tensors(const Napi::CallbackInfo& info);
  Napi::Value readTensors(const Napi::CallbackInfo& info);
  Napi::Value save(const Napi::CallbackInfo& info);
  Napi::Value restore(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::int64_t bytes_ = 0;  // of gradients and momentum, told to V8
};

/// Binding createTrainer(model, request).
Napi::Value createTrainer(const Napi::CallbackInfo& info);

}  // namespace c3d::addon
