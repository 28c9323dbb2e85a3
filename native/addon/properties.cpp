#include "addon/properties.h"

#include <cmath>

namespace c3d::addon {
namespace {

[[noreturn]] void refuse(const Napi::Object& object, const char* key, const char* expected) {
  throw Napi::TypeError::New(object.Env(),
                             std::string("torch-c3d: expected ") + expected + " for '" + key + "'.");
}

Napi::Value get(const Napi::Object& object, const char* key) {
  return object.Get(key);
}

}  // namespace

Napi::Function holderOf(const Napi::Value& value) {
  auto holder = Napi::Function::New(value.Env(), [](const Napi::CallbackInfo&) {}, "holder");
  holder.Set("value", value);
  return holder;
}

double number(const Napi::Object& object, const char* key) {
  const auto value = get(object, key);
  if (!value.IsNumber()) refuse(object, key, "a number");
  return value.As<Napi::Number>().DoubleValue();
}

std::int64_t integer(const Napi::Object& object, const char* key) {
  const auto value = number(object, key);
  if (value != std::trunc(value) || std::abs(value) > 9007199254740991.0)
    refuse(object, key, "a whole number");
  return static_cast<std::int64_t>(value);
}

bool boolean(const Napi::Object& object, const char* key) {
  const auto value = get(object, key);
  if (!value.IsBoolean()) refuse(object, key, "true or false");
  return value.As<Napi::Boolean>().Value();
}

std::optional<bool> optionalBoolean(const Napi::Object& object, const char* key) {
  if (get(object, key).IsUndefined()) return std::nullopt;
  return boolean(object, key);
}

std::string text(const Napi::Object& object, const char* key) {
  const auto value = get(object, key);
  if (!value.IsString()) refuse(object, key, "a string");
  return value.As<Napi::String>().Utf8Value();
}

Napi::Object object(const Napi::Object& parent, const char* key) {
  const auto value = get(parent, key);
  if (!value.IsObject()) refuse(parent, key, "an object");
  return value.As<Napi::Object>();
}

Napi::Array array(const Napi::Object& object, const char* key) {
  const auto value = get(object, key);
  if (!value.IsArray()) refuse(object, key, "an array");
  return value.As<Napi::Array>();
}

bool isNull(const Napi::Object& object, const char* key) {
  return get(object, key).IsNull();
}

}  // namespace c3d::addon
