#pragma once

// The one place that includes napi.h, so that its settings are the same everywhere.

#define NAPI_VERSION 8
#define NODE_ADDON_API_CPP_EXCEPTIONS
// Exceptions of other types (c10::Error, std::bad_alloc) become JavaScript errors too.
#define NODE_ADDON_API_CPP_EXCEPTIONS_ALL
#define NODE_ADDON_API_DISABLE_DEPRECATED
// Electron forbids array buffers that V8 does not own.
#define NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED
// A thread-safe function that is called while its environment ends must not abort the process.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS

#include <napi.h>
