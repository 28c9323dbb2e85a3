#pragma once

#include <memory>
#include <mutex>

#include "addon/handle.h"
#include "core/model/preprocessing.h"
#include "core/runtime/cancellation.h"
#include "core/video/clip_loader.h"

namespace c3d::addon {

/// The clips of one pass over a data set, on their way to JavaScript.
class ClipStream {
 public:
  ClipStream(std::shared_ptr<const video::VideoSet> videos, std::vector<video::ClipSpec> clips,
             const video::ClipLayout& layout, Preprocessing preprocessing,
             const video::ClipLoaderOptions& options)
      : videos_(std::move(videos)),
        layout_(layout),
        preprocessing_(std::move(preprocessing)),
        clips_(clips.size()),
        loader_(videos_, std::move(clips), layout, options) {}

  const video::VideoSet& videos() const { return *videos_; }
  const video::ClipLayout& layout() const { return layout_; }
  const Preprocessing& preprocessing() const { return preprocessing_; }
  std::size_t clips() const { return clips_; }
  /// One caller at a time, the others wait. Cancelling ends the stream for good.
  std::optional<video::ClipBatch> next(const Cancellation& cancellation);
  void recycle(video::ClipBatch&& batch) { loader_.recycle(std::move(batch)); }
  void cancel() { loader_.cancel(); }

 private:
  std::shared_ptr<const video::VideoSet> videos_;
  video::ClipLayout layout_;
  Preprocessing preprocessing_;
  std::size_t clips_;
  std::mutex mutex_;
  video::ClipLoader loader_;
};

/// NativeClipLoader of lib/native/binding.ts.
class ClipLoaderHandle : public Handle<ClipLoaderHandle, ClipStream> {
 public:
  static constexpr const char* kName = "clip loader";
  static constexpr napi_type_tag kTag{0x6333642d636c6970, 0x3a90f26b7d1c4e04};

  static Napi::Function define(Napi::Env env);
  using Handle::Handle;

 private:
  Napi::Value clips(const Napi::CallbackInfo& info);
  Napi::Value next(const Napi::CallbackInfo& info);
  Napi::Value mean(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
};

/// Binding createClipLoader(request).
Napi::Value createClipLoader(const Napi::CallbackInfo& info);

}  // namespace c3d::addon
