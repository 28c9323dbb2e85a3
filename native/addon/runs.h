#pragma once

#include "addon/napi.h"

namespace c3d::addon {

/// Binding train(model, request, onEvent).
Napi::Value train(const Napi::CallbackInfo& info);

/// Binding score(model, request, onEvent).
Napi::Value score(const Napi::CallbackInfo& info);

/// Binding scoreVideo(model, request, onEvent).
Napi::Value scoreVideo(const Napi::CallbackInfo& info);

}  // namespace c3d::addon
