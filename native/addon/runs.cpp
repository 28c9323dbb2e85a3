#include "addon/runs.h"

#include <algorithm>

#include "addon/conversions.h"
#include "addon/environment.h"
#include "addon/model_handle.h"
#include "addon/video_set_handle.h"
#include "core/training/trainer.h"
#include "core/video/clip_places.h"

namespace c3d::addon {
namespace {

/// Every item must point into the set; labels into the classes, or be -1 where they are not needed.
void requireValid(const ClipData& data, std::int64_t lowestLabel, std::int64_t classes) {
  const auto videos = static_cast<std::int64_t>(data.videos->videos().size());
  for (const auto& item : data.items)
    if (item.video < 0 || item.video >= videos || item.label < lowestLabel || item.label >= classes)
      throw Error(ErrorCode::InvalidArgument, "Video " + std::to_string(item.video) + " with label " +
                                                  std::to_string(item.label) + " is outside of " +
                                                  std::to_string(videos) + " videos and " +
                                                  std::to_string(classes) + " classes.");
  if (!data.classes.empty() && data.classes.size() != data.items.size())
    throw Error(ErrorCode::InvalidArgument, "Expected the classes of every item, or of none.");
  for (const auto& own : data.classes)
    for (const auto number : own)
      if (number < 0 || number >= classes)
        throw Error(ErrorCode::InvalidArgument,
                    "There is no class " + std::to_string(number) + " of " + std::to_string(classes) + ".");
}

ClipData toClipData(const Napi::Object& items, std::int64_t lowestLabel, std::int64_t classes) {
  ClipData data{VideoSetHandle::unwrap(items.Get("set"))->native(), toItems(items), toItemClasses(items)};
  requireValid(data, lowestLabel, classes);
  return data;
}

/// Of a training: with a class for every item, or with classes for every item.
ClipData toTrainedData(const Napi::Object& items, LossType loss, std::int64_t classes) {
  const auto isMultiLabel = loss == LossType::BinaryCrossEntropy;
  auto data = toClipData(items, isMultiLabel ? -1 : 0, classes);
  if (data.classes.empty() == isMultiLabel && !data.items.empty())
    throw Error(ErrorCode::InvalidArgument, "The labels of the items do not fit the loss.");
  return data;
}

bool isDroppable(const TrainingEvent& event) {
  return std::holds_alternative<StepEvent>(event) || std::holds_alternative<EvaluationProgressEvent>(event);
}

/// What the network gave for some clips of `frames` frames.
struct ClipScores {
  std::vector<video::ClipSpec> clips;
  int frames = 0;
  at::Tensor outputs;
  std::size_t done = 0;
  std::size_t total = 0;
};

Napi::Object toScoreEvent(Napi::Env env, const ClipScores& scores) {
  const auto& clips = scores.clips;
  auto items = Napi::Int32Array::New(env, clips.size());
  auto starts = Napi::Float64Array::New(env, clips.size());
  auto ends = Napi::Float64Array::New(env, clips.size());
  for (std::size_t i = 0; i < clips.size(); ++i) {
    items[i] = clips[i].item;
    starts[i] = static_cast<double>(clips[i].start);
    const auto end = clips[i].start + video::clipSpan(scores.frames, clips[i].step);
    ends[i] = static_cast<double>(std::min(end, clips[i].end));
  }
  auto event = Napi::Object::New(env);
  event.Set("type", "clips");
  event.Set("items", items);
  event.Set("starts", starts);
  event.Set("ends", ends);
  event.Set("outputs", toFloat32Array(env, scores.outputs));
  event.Set("done", static_cast<double>(scores.done));
  event.Set("total", static_cast<double>(scores.total));
  return event;
}

/// What is asked of the network for each clip.
struct Scoring {
  MixedPrecision precision;
  video::SamplingOptions sampling;
  video::ClipLoaderOptions loading;
  Readout readout;
};

Scoring toScoring(const Napi::Object& request) {
  return {toMixedPrecision(object(request, "precision")), toSampling(object(request, "sampling")),
          toLoaderOptions(static_cast<std::size_t>(integer(request, "batchSize")), object(request, "loader")),
          toReadout(object(request, "readout"))};
}

Napi::Object toUnreadableEvent(Napi::Env env, const ClipData& data,
                               const std::vector<video::UnreadableClip>& unreadable) {
  auto event = Napi::Object::New(env);
  event.Set("type", "unreadable");
  event.Set("videos", toJs(env, *data.videos, unreadable));
  return event;
}

}  // namespace

Napi::Value train(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto model = ModelHandle::unwrap(info[0])->native();
    const auto request = info[1].As<Napi::Object>();
    const auto classes = model->network.classes();
    const auto config = toTrainingConfig(object(request, "config"), model->layout);
    const auto training = toTrainedData(object(request, "training"), config.loss.type, classes);
    std::optional<ClipData> validation;
    if (!isNull(request, "validation"))
      validation = toTrainedData(object(request, "validation"), config.loss.type, classes);
    const auto makeCache = toFrameCache(object(object(request, "config"), "cache"));
    std::optional<RunFiles> files;
    if (!isNull(request, "files")) files = toRunFiles(object(request, "files"));
    std::optional<ResumePoint> resume;
    if (!isNull(request, "resume")) {
      const auto point = object(request, "resume");
      resume = ResumePoint{text(point, "file"), toLocations(array(point, "tensors"))};
    }
    return startComputing(
        env, info[2].As<Napi::Function>(),
        [model, training, validation, config, makeCache, files, resume](Task& task) -> ToJs {
          auto withCache = config;
          withCache.cache = makeCache();
          const auto sink = [&task](const TrainingEvent& event) {
            const auto send = isDroppable(event) ? &Task::emitDroppable : &Task::emit;
            (task.*send)([event](Napi::Env e) { return toJs(e, event); });
          };
          Trainer trainer(model->network, training, validation, withCache, files, sink);
          if (resume) trainer.resume(*resume);
          const auto result = trainer.run(task.cancellation());
          return [result](Napi::Env e) { return toJs(e, result); };
        });
  });
}

Napi::Value score(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto model = ModelHandle::unwrap(info[0])->native();
    const auto request = info[1].As<Napi::Object>();
    const auto data = toClipData(object(request, "items"), -1, model->network.classes());
    const auto makeCache = toFrameCache(object(request, "cache"));
    return startComputing(
        env, info[2].As<Napi::Function>(),
        [model, data, scoring = toScoring(request), makeCache](Task& task) -> ToJs {
          auto withCache = scoring.loading;
          withCache.cache = makeCache();
          scoreClips(
              model->network, scoring.precision, data, model->layout, scoring.sampling, withCache,
              scoring.readout, task.cancellation(),
              [&](const auto& clips, const at::Tensor& outputs, std::size_t done, std::size_t total) {
                task.emit([scores = ClipScores{clips, model->layout.frames, outputs, done, total}](
                              Napi::Env e) { return toScoreEvent(e, scores); });
              },
              [&](const auto& unreadable) {
                task.emit([data, unreadable](Napi::Env e) { return toUnreadableEvent(e, data, unreadable); });
              });
          return nullptr;
        });
  });
}

Napi::Value scoreVideo(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto model = ModelHandle::unwrap(info[0])->native();
    const auto request = info[1].As<Napi::Object>();
    return startComputing(
        env, info[2].As<Napi::Function>(),
        [model, media = Environment::of(env).media, file = std::filesystem::path(text(request, "video")),
         scoring = toScoring(request)](Task& task) -> ToJs {
          c3d::scoreVideo(model->network, scoring.precision, media, file, model->layout, scoring.sampling,
                          scoring.loading, scoring.readout, task.cancellation(),
                          [&](double framesPerSecond, const auto& clips, const at::Tensor& outputs,
                              std::size_t done, std::size_t total) {
                            task.emit([scores = ClipScores{clips, model->layout.frames, outputs, done, total},
                                       framesPerSecond](Napi::Env e) {
                              auto event = toScoreEvent(e, scores);
                              event.Set("framesPerSecond", framesPerSecond);
                              return event;
                            });
                          });
          return nullptr;
        });
  });
}

}  // namespace c3d::addon
