#pragma once

#include "addon/napi.h"

namespace c3d::addon {

/// Binding checkConvolutions(request).
Napi::Value checkConvolutions(const Napi::CallbackInfo& info);

}  // namespace c3d::addon
