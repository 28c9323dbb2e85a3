#pragma once

#include "addon/handle.h"
#include "core/video/video_backend.h"

namespace c3d::addon {

/// NativeVideoWriter of lib/native/binding.ts.
class VideoWriterHandle : public Handle<VideoWriterHandle, video::VideoWriter> {
 public:
  static constexpr const char* kName = "video writer";
  static constexpr napi_type_tag kTag{0x6333642d77726974, 0x21c8d5f34ab74f03};

  static Napi::Function define(Napi::Env env);
  using Handle::Handle;

 private:
  void write(const Napi::CallbackInfo& info);
  void finish(const Napi::CallbackInfo& info);
};

/// Binding createVideo(file, options).
Napi::Value createVideo(const Napi::CallbackInfo& info);

}  // namespace c3d::addon
