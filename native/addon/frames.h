#pragma once

#include "addon/napi.h"

namespace c3d::addon {

/// Binding readFrames(set, video, places, format, out).
Napi::Value readFrames(const Napi::CallbackInfo& info);

/// Binding packVideo(request).
Napi::Value packVideo(const Napi::CallbackInfo& info);

}  // namespace c3d::addon
