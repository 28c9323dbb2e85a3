#pragma once

#include "addon/handle.h"
#include "core/video/video_set.h"

namespace c3d::addon {

/// NativeVideoSet of lib/native/binding.ts.
class VideoSetHandle : public Handle<VideoSetHandle, const video::VideoSet> {
 public:
  static constexpr const char* kName = "video set";
  static constexpr napi_type_tag kTag{0x6333642d76696465, 0x5b7f0a6de1c94d02};

  static Napi::Function define(Napi::Env env);
  using Handle::Handle;

 private:
  Napi::Value videos(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
};

/// Binding indexVideos(paths, options, onEvent).
Napi::Value indexVideos(const Napi::CallbackInfo& info);

}  // namespace c3d::addon
