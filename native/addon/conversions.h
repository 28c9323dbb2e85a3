#pragma once

#include "addon/napi.h"
#include "core/evaluation/scorer.h"
#include "core/model/architecture.h"
#include "core/model/c3d.h"
#include "core/model/initializers.h"
#include "core/training/training_config.h"
#include "core/training/training_events.h"

// From the objects of lib/native/binding.ts to the structs of core, and back. No defaults, no logic.

namespace c3d::addon {

Architecture toArchitecture(const Napi::Object& object);
Preprocessing toPreprocessing(const Napi::Object& object);
Initializer toInitializer(const std::string& name);
video::SamplingOptions toSampling(const Napi::Object& object);
std::vector<video::LabelledVideo> toItems(const Napi::Object& object);
TrainingConfig toTrainingConfig(const Napi::Object& object, const video::ClipLayout& layout);

/// Clips of the architecture's size, cut from frames of the preprocessing's.
video::ClipLayout toClipLayout(const Architecture& architecture, const Napi::Object& preprocessing);

Napi::Object toJs(Napi::Env env, const ArchitectureSummary& summary);
Napi::Object toJs(Napi::Env env, const Scores& scores);
Napi::Object toJs(Napi::Env env, const TrainingEvent& event);
Napi::Object toJs(Napi::Env env, const video::IndexedVideo& video);

/// A copy owned by V8.
Napi::Float32Array toFloat32Array(Napi::Env env, const at::Tensor& tensor);

}  // namespace c3d::addon
