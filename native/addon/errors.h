#pragma once

#include <exception>
#include <string>

#include "addon/napi.h"

namespace c3d::addon {

/// An exception on its way to JavaScript: the code of a C3DError and a message without a C++ backtrace.
struct ErrorReport {
  std::string code;
  std::string message;
};

ErrorReport reportOf(const std::exception_ptr& exception);

/// An Error with `code`.
Napi::Error toJs(Napi::Env env, const ErrorReport& report);

/// Runs a synchronous binding and throws what it throws as a JavaScript error with a code.
template <typename Function>
auto guarded(Napi::Env env, Function&& function) -> decltype(function()) {
  try {
    return function();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw toJs(env, reportOf(std::current_exception()));
  }
}

}  // namespace c3d::addon
