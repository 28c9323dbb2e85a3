#pragma once

#include <ATen/core/Tensor.h>

#include "addon/napi.h"

namespace c3d::addon {

/// A tensor on the memory of a Float32Array or Uint8Array, with the given shape (an array of numbers).
/// Whoever hands it to a task also gives that task a `holderOf` the array; JavaScript must leave the array
/// alone until the task is done. Not copied here, where that would hold up the event loop. Throws
/// Error(InvalidArgument) unless the shape has as many values.
at::Tensor viewOf(const Napi::Value& array, const Napi::Value& shape);

/// int64 [n] of an Int32Array. Throws Error(InvalidArgument) for one outside of 0 to classes - 1.
at::Tensor copyOfLabels(const Napi::Value& labels, std::int64_t classes);

/// What clips should be answered as, see targetsOf: a copy of the object's `targets`, or where they are null
/// of its `labels`. Throws Error(InvalidArgument).
at::Tensor copyOfTargets(const Napi::Object& source, std::int64_t classes);

}  // namespace c3d::addon
