#include "addon/errors.h"

#include <c10/util/Exception.h>

#include <new>

#include "core/runtime/error.h"
#include "core/runtime/memory.h"

namespace c3d::addon {
namespace {

ErrorReport outOfMemory(const std::string& reason) {
  return {toString(ErrorCode::OutOfMemory), "Out of memory: " + reason + " Use a smaller batch or network."};
}

}  // namespace

ErrorReport reportOf(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return {toString(error.code()), error.what()};
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    return isOutOfMemory(error) ? outOfMemory(message) : ErrorReport{toString(ErrorCode::Internal), message};
  } catch (const std::bad_alloc&) {
    return outOfMemory("the machine gave no more.");
  } catch (const std::exception& error) {
    return isOutOfMemory(error) ? outOfMemory(error.what())
                                : ErrorReport{toString(ErrorCode::Internal), error.what()};
  } catch (...) {
    return {toString(ErrorCode::Internal), "An exception of unknown type."};
  }
}

Napi::Error toJs(Napi::Env env, const ErrorReport& report) {
  auto error = Napi::Error::New(env, report.message);
  error.Set("code", Napi::String::New(env, report.code));
  return error;
}

}  // namespace c3d::addon
