#pragma once

#include "addon/napi.h"

namespace c3d::addon {

/// Binding fitSvm(rows, labels, options).
Napi::Value fitSvm(const Napi::CallbackInfo& info);
/// Binding svmDecisions(rows, machines).
Napi::Value svmDecisions(const Napi::CallbackInfo& info);
/// Binding fitPca(rows, components).
Napi::Value fitPca(const Napi::CallbackInfo& info);
/// Binding projectPca(rows, components).
Napi::Value projectPca(const Napi::CallbackInfo& info);

}  // namespace c3d::addon
