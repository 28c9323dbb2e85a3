#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "addon/napi.h"

// Reading the plain objects that lib/ hands over. They are validated there, so a wrong type here is a defect
// of the package; it still ends in a TypeError that names the key and never in a crash.

namespace c3d::addon {

double number(const Napi::Object& object, const char* key);
std::int64_t integer(const Napi::Object& object, const char* key);
bool boolean(const Napi::Object& object, const char* key);
/// Nothing where the key is left out.
std::optional<bool> optionalBoolean(const Napi::Object& object, const char* key);
std::string text(const Napi::Object& object, const char* key);
Napi::Object object(const Napi::Object& parent, const char* key);
Napi::Array array(const Napi::Object& object, const char* key);
bool isNull(const Napi::Object& object, const char* key);

/// A function that does nothing but keep `value` from being collected. A task holds its callback until its
/// thread has ended, so that the thread may write to the memory of an array.
Napi::Function holderOf(const Napi::Value& value);

/// A typed array of exactly this element type, e.g. typedArray<Napi::Float32Array>(object, "data",
/// napi_float32_array).
template <typename Array>
Array typedArray(const Napi::Value& value, napi_typedarray_type type, const char* what) {
  if (value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type) return value.As<Array>();
  throw Napi::TypeError::New(value.Env(), std::string("torch-c3d: ") + what + " has the wrong array type.");
}

}  // namespace c3d::addon
