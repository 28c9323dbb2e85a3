#pragma once

#include "addon/napi.h"

namespace c3d::addon {

/// Binding gradCam(model, request).
Napi::Value gradCam(const Napi::CallbackInfo& info);
/// Binding deconvolve(model, request).
Napi::Value deconvolve(const Napi::CallbackInfo& info);

}  // namespace c3d::addon
