#pragma once

#include "addon/handle.h"
#include "core/video/frame_cache.h"

namespace c3d::addon {

/// NativeClipCacheHandle of lib/native/binding.ts.
class ClipCacheHandle : public Handle<ClipCacheHandle, video::FrameCache> {
 public:
  static constexpr const char* kName = "clip cache";
  static constexpr napi_type_tag kTag{0x6333642d63616368, 0x71c2e95a04f84b05};

  static Napi::Function define(Napi::Env env);
  using Handle::Handle;

 private:
  Napi::Value use(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
};

/// Binding openClipCache(options): null for the type 'none'.
Napi::Value openClipCache(const Napi::CallbackInfo& info);

}  // namespace c3d::addon
