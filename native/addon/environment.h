#pragma once

#include <filesystem>
#include <memory>

#include "addon/napi.h"
#include "addon/task.h"
#include "core/video/media_library.h"

namespace c3d::addon {

/// What belongs to one JavaScript environment, so that worker threads do not share it.
struct Environment {
  Napi::FunctionReference modelClass;
  Napi::FunctionReference videoSetClass;
  Napi::FunctionReference videoWriterClass;
  Napi::FunctionReference clipLoaderClass;
  Napi::FunctionReference clipCacheClass;
  Napi::FunctionReference trainerClass;
  std::shared_ptr<TaskRegistry> tasks = std::make_shared<TaskRegistry>();
  std::shared_ptr<const video::MediaLibrary> media = std::make_shared<video::MediaLibrary>("");
  int computeThreads = 0;  // 0: one a core

  static Environment& of(Napi::Env env);
};

/// Starts `work` on a thread that computes with the threads of this environment's setting.
Napi::Object startComputing(Napi::Env env, const Napi::Function& onEvent, std::function<ToJs(Task&)> work);

}  // namespace c3d::addon
