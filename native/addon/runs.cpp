#include "addon/runs.h"

#include "addon/conversions.h"
#include "addon/environment.h"
#include "addon/model_handle.h"
#include "addon/video_set_handle.h"
#include "core/training/trainer.h"

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
}

ClipData toClipData(const Napi::Object& items, std::int64_t lowestLabel, std::int64_t classes) {
  ClipData data{VideoSetHandle::unwrap(items.Get("set"))->native(), toItems(items)};
  requireValid(data, lowestLabel, classes);
  return data;
}

bool isDroppable(const TrainingEvent& event) {
  return std::holds_alternative<StepEvent>(event) || std::holds_alternative<EvaluationProgressEvent>(event);
}

Napi::Object toScoreEvent(Napi::Env env, const std::vector<video::ClipSpec>& clips, const at::Tensor& logits,
                          std::size_t done, std::size_t total) {
  auto items = Napi::Int32Array::New(env, clips.size());
  auto starts = Napi::Float64Array::New(env, clips.size());
  for (std::size_t i = 0; i < clips.size(); ++i) {
    items[i] = clips[i].item;
    starts[i] = static_cast<double>(clips[i].start);
  }
  auto event = Napi::Object::New(env);
  event.Set("items", items);
  event.Set("starts", starts);
  event.Set("logits", toFloat32Array(env, logits));
  event.Set("done", static_cast<double>(done));
  event.Set("total", static_cast<double>(total));
  return event;
}

}  // namespace

Napi::Value train(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto model = ModelHandle::unwrap(info[0])->native();
    const auto request = info[1].As<Napi::Object>();
    const auto classes = model->network.classes();
    const auto training = toClipData(object(request, "training"), 0, classes);
    std::optional<ClipData> validation;
    if (!isNull(request, "validation")) validation = toClipData(object(request, "validation"), 0, classes);
    const auto config = toTrainingConfig(object(request, "config"), model->layout);
    std::optional<CheckpointTarget> checkpoint;
    if (!isNull(request, "checkpoint")) {
      const auto target = object(request, "checkpoint");
      checkpoint = CheckpointTarget{text(target, "file"), text(target, "header")};
    }
    return startComputing(env, info[2].As<Napi::Function>(),
                          [model, training, validation, config, checkpoint](Task& task) -> ToJs {
                            const auto sink = [&task](const TrainingEvent& event) {
                              const auto send = isDroppable(event) ? &Task::emitDroppable : &Task::emit;
                              (task.*send)([event](Napi::Env e) { return toJs(e, event); });
                            };
                            Trainer trainer(model->network, training, validation, config, checkpoint, sink);
                            const auto result = trainer.run(task.cancellation());
                            return [result](Napi::Env e) {
                              auto object = Napi::Object::New(e);
                              object.Set("steps", static_cast<double>(result.steps));
                              object.Set("seconds", result.seconds);
                              return object;
                            };
                          });
  });
}

Napi::Value score(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return guarded(env, [&] {
    const auto model = ModelHandle::unwrap(info[0])->native();
    const auto request = info[1].As<Napi::Object>();
    const auto data = toClipData(object(request, "items"), -1, model->network.classes());
    const auto sampling = toSampling(object(request, "sampling"));
    const auto loader = object(request, "loader");
    const video::ClipLoaderOptions loading{static_cast<std::size_t>(integer(request, "batchSize")),
                                           static_cast<int>(integer(loader, "threads")),
                                           static_cast<std::size_t>(integer(loader, "prefetch"))};
    return startComputing(
        env, info[2].As<Napi::Function>(), [model, data, sampling, loading](Task& task) -> ToJs {
          scoreClips(
              model->network, data, model->layout, sampling, loading, task.cancellation(),
              [&task](const auto& clips, const at::Tensor& logits, std::size_t done, std::size_t total) {
                task.emit([clips, logits, done, total](Napi::Env e) {
                  return toScoreEvent(e, clips, logits, done, total);
                });
              });
          return nullptr;
        });
  });
}

}  // namespace c3d::addon
