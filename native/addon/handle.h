#pragma once

#include <memory>
#include <string>
#include <utility>

#include "addon/napi.h"
#include "core/runtime/error.h"

namespace c3d::addon {

/// Base of the classes that JavaScript holds native objects by. Each instance carries a type tag, so that a
/// wrong object is an error and not memory corruption; after `close` the native object is gone as soon as no
/// task uses it.
///
/// Derived must offer `static constexpr const char* kName` and `static constexpr napi_type_tag kTag`.
template <typename Derived, typename Native>
class Handle : public Napi::ObjectWrap<Derived> {
 public:
  /// Wraps what an External brings; only `create` calls it.
  explicit Handle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Derived>(info) {
    if (info.Length() != 1 || !info[0].IsExternal())
      throw Napi::TypeError::New(info.Env(),
                                 std::string(Derived::kName) + " cannot be constructed directly.");
    native_ = *info[0].As<Napi::External<std::shared_ptr<Native>>>().Data();
    info.This().template As<Napi::Object>().TypeTag(&Derived::kTag);
  }

  static Napi::Object create(Napi::Env env, const Napi::FunctionReference& constructor,
                             std::shared_ptr<Native> native) {
    return constructor.New({Napi::External<std::shared_ptr<Native>>::New(env, &native)});
  }

  static Derived* unwrap(const Napi::Value& value) {
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&Derived::kTag))
      throw Napi::TypeError::New(value.Env(), std::string("torch-c3d: expected a ") + Derived::kName + ".");
    return Napi::ObjectWrap<Derived>::Unwrap(value.As<Napi::Object>());
  }

  /// Throws Error(Closed) after `close`.
  const std::shared_ptr<Native>& native() const {
    if (!native_) throw Error(ErrorCode::Closed, std::string(Derived::kName) + " is closed.");
    return native_;
  }

 protected:
  bool isOpen() const { return native_ != nullptr; }
  void release() { native_.reset(); }

 private:
  std::shared_ptr<Native> native_;
};

}  // namespace c3d::addon
