#pragma once

#include <stop_token>

#include "core/runtime/error.h"

namespace c3d {

/// Requested by one thread, looked at by those that work. Long work calls `throwIfRequested` between its
/// pieces; what waits hangs a std::stop_callback on `token`.
class Cancellation {
 public:
  void request() { source_.request_stop(); }
  bool requested() const noexcept { return source_.stop_requested(); }
  std::stop_token token() const { return source_.get_token(); }
  /// Throws Error(Aborted) once `request` was called.
  void throwIfRequested() const {
    if (requested()) throw Error(ErrorCode::Aborted, "The work was stopped on request.");
  }

 private:
  std::stop_source source_;
};

}  // namespace c3d
