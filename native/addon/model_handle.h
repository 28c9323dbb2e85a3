#pragma once

#include "addon/handle.h"
#include "addon/properties.h"
#include "core/model/c3d.h"
#include "core/video/clip.h"

namespace c3d::addon {

/// A network and how its clips are cut.
struct Model {
  Model(const Architecture& architecture, std::int64_t classes, const Preprocessing& preprocessing,
        const at::Device& device, const video::ClipLayout& clipLayout)
      : network(architecture, classes, preprocessing, device), layout(clipLayout) {}

  C3D network;
  video::ClipLayout layout;
};

/// NativeModel of lib/native/binding.ts.
class ModelHandle : public Handle<ModelHandle, Model> {
 public:
  static constexpr const char* kName = "model";
  static constexpr napi_type_tag kTag{0x6333642d6d6f6465, 0x9d1f0b1c52a84e01};

  static Napi::Function define(Napi::Env env);
  explicit ModelHandle(const Napi::CallbackInfo& info);
  ~ModelHandle() override = default;
  void Finalize(Napi::BasicEnv env) override;

 private:
  Napi::Value device(const Napi::CallbackInfo& info);
  Napi::Value forward(const Napi::CallbackInfo& info);
  Napi::Value gradients(const Napi::CallbackInfo& info);
  Napi::Value tensors(const Napi::CallbackInfo& info);
  Napi::Value trainingTensors(const Napi::CallbackInfo& info);
  Napi::Value readTensor(const Napi::CallbackInfo& info);
  void writeTensor(const Napi::CallbackInfo& info);
  Napi::Value loadTensors(const Napi::CallbackInfo& info);
  Napi::Value saveTensors(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::int64_t bytes_ = 0;  // told to V8
};

/// Binding createModel(config).
Napi::Value createModel(const Napi::CallbackInfo& info);

}  // namespace c3d::addon
