#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "addon/napi.h"
#include "core/evaluation/scorer.h"
#include "core/model/architecture.h"
#include "core/model/c3d.h"
#include "core/model/convolution_check.h"
#include "core/model/initializers.h"
#include "core/training/trainer.h"
#include "core/training/training_config.h"
#include "core/training/training_events.h"

// From the objects of lib/native/binding.ts to the structs of core, and back. No defaults, no logic.

namespace c3d::addon {

Architecture toArchitecture(const Napi::Object& object);
/// A mean cube gets zeros: its values are a tensor of the model.
Preprocessing toPreprocessing(const Napi::Object& object, const video::ClipLayout& layout);
Precision toPrecision(const std::string& name);
MixedPrecision toMixedPrecision(const Napi::Object& object);
std::vector<ConvolutionShape> toConvolutionShapes(const Napi::Array& list);
Initializer toInitializer(const std::string& name);
video::SamplingOptions toSampling(const Napi::Object& object);
std::vector<video::LabelledVideo> toItems(const Napi::Object& object);
Readout toReadout(const Napi::Object& object);
RunFiles toRunFiles(const Napi::Object& object);
/// [{ name, offset }]
std::vector<TensorLocation> toLocations(const Napi::Array& list);
/// Class numbers by item; empty where `classes` is null.
std::vector<std::vector<std::int32_t>> toItemClasses(const Napi::Object& items);
TrainingConfig toTrainingConfig(const Napi::Object& object, const video::ClipLayout& layout);

/// What makes a cache of decoded frames, which may be none.
using MakeFrameCache = std::function<std::shared_ptr<video::FrameCache>()>;
/// Opening a cache looks at the disk, so that it is done later, on the thread that works.
MakeFrameCache toFrameCache(const Napi::Object& object);
/// All but the cache.
video::ClipLoaderOptions toLoaderOptions(std::size_t batchSize, const Napi::Object& loader);

video::ResizeRule toResizeRule(const Napi::Object& object);

/// Clips of `frames` frames of width x height pixels, cut from frames of the preprocessing's size.
video::ClipLayout toClipLayout(std::int64_t frames, std::int64_t height, std::int64_t width,
                               const Napi::Object& preprocessing);

Napi::Value orNull(Napi::Env env, const std::optional<double>& value);
Napi::Object toJs(Napi::Env env, const ArchitectureSummary& summary);
Napi::Object toJs(Napi::Env env, const Scores& scores);
Napi::Object toJs(Napi::Env env, const TrainingResult& result);
/// [{ name, dtype, shape }], no values.
Napi::Array toTensorInfos(Napi::Env env, const NamedTensors& tensors);
Napi::Object toJs(Napi::Env env, const TrainingEvent& event);
Napi::Object toJs(Napi::Env env, const video::IndexedVideo& video);
/// [{ path, reason }], each video once.
Napi::Array toJs(Napi::Env env, const video::VideoSet& videos,
                 const std::vector<video::UnreadableClip>& unreadable);

/// A copy owned by V8.
Napi::Float32Array toFloat32Array(Napi::Env env, const at::Tensor& tensor);

}  // namespace c3d::addon
