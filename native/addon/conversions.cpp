#include "addon/conversions.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "addon/properties.h"
#include "core/runtime/error.h"
#include "core/training/event_fields.h"
#include "core/video/hash.h"

namespace c3d::addon {
namespace {

[[noreturn]] void unknown(const char* what, const std::string& name) {
  throw Error(ErrorCode::InvalidArgument, std::string("Unknown ") + what + " '" + name + "'.");
}

Size3 toSize3(const Napi::Array& array) {
  if (array.Length() != 3) throw Error(ErrorCode::InvalidArgument, "A size needs [depth, height, width].");
  Size3 size;
  for (std::uint32_t i = 0; i < 3; ++i) size[i] = array.Get(i).As<Napi::Number>().Int64Value();
  return size;
}

PoolRounding toRounding(const std::string& name) {
  if (name == "ceil") return PoolRounding::Ceil;
  if (name == "floor") return PoolRounding::Floor;
  if (name == "pad") return PoolRounding::Pad;
  unknown("pool rounding", name);
}

Layer toLayer(const Napi::Object& layer) {
  const auto type = text(layer, "type");
  const auto name = text(layer, "name");
  if (type == "conv")
    return ConvLayer{name, integer(layer, "filters"), toSize3(array(layer, "kernel")),
                     boolean(layer, "batchNorm")};
  if (type == "pool")
    return PoolLayer{name, toSize3(array(layer, "kernel")), toRounding(text(layer, "rounding"))};
  if (type == "linear")
    return LinearLayer{name, integer(layer, "units"), integer(layer, "inputs"), number(layer, "dropout")};
  unknown("layer type", type);
}

video::SamplingMode toSamplingMode(const std::string& name) {
  if (name == "non-overlapping") return video::SamplingMode::NonOverlapping;
  if (name == "dense") return video::SamplingMode::Dense;
  if (name == "random") return video::SamplingMode::Random;
  if (name == "uniform") return video::SamplingMode::Uniform;
  unknown("sampling mode", name);
}

video::ShortVideos toShortVideos(const std::string& name) {
  if (name == "repeat-last") return video::ShortVideos::RepeatLast;
  if (name == "loop") return video::ShortVideos::Loop;
  if (name == "skip") return video::ShortVideos::Skip;
  if (name == "error") return video::ShortVideos::Error;
  unknown("rule for short videos", name);
}

video::CropMode toCropMode(const std::string& name) {
  if (name == "center") return video::CropMode::Center;
  if (name == "random") return video::CropMode::Random;
  if (name == "multi-scale") return video::CropMode::MultiScale;
  if (name == "three") return video::CropMode::Three;
  if (name == "ten") return video::CropMode::Ten;
  unknown("crop", name);
}

FeaturePooling toFeaturePooling(const std::string& name) {
  if (name == "none") return FeaturePooling::None;
  if (name == "average") return FeaturePooling::Average;
  if (name == "max") return FeaturePooling::Max;
  unknown("pooling of features", name);
}

std::vector<double> toNumbers(const Napi::Array& list) {
  std::vector<double> numbers;
  for (std::uint32_t i = 0; i < list.Length(); ++i)
    numbers.push_back(list.Get(i).As<Napi::Number>().DoubleValue());
  return numbers;
}

decltype(Schedule::kind) toScheduleKind(const Napi::Object& source) {
  const auto type = text(source, "type");
  if (type == "constant") return ConstantSchedule{};
  if (type == "step") return StepSchedule{number(source, "every"), number(source, "gamma")};
  if (type == "multi-step") return MultiStepSchedule{toNumbers(array(source, "at")), number(source, "gamma")};
  if (type == "cosine") return CosineSchedule{number(source, "minimum")};
  if (type == "polynomial") return PolynomialSchedule{number(source, "power"), number(source, "minimum")};
  if (type == "plateau")
    return PlateauSchedule{number(source, "gamma"), integer(source, "patience"), number(source, "threshold"),
                           number(source, "minimum")};
  unknown("schedule", type);
}

EarlyStoppingMetric toEarlyStoppingMetric(const std::string& name) {
  if (name == "best-model") return EarlyStoppingMetric::BestModel;
  if (name == "loss") return EarlyStoppingMetric::Loss;
  unknown("metric", name);
}

const char* reasonName(EndReason reason) {
  switch (reason) {
    case EndReason::Finished:
      return "finished";
    case EndReason::EarlyStopping:
      return "early-stopping";
    case EndReason::MaxSteps:
      return "max-steps";
    case EndReason::MaxTime:
      return "max-time";
  }
  return "";
}

/// As safetensors names it, in the files that core writes.
const char* typeName(at::ScalarType type) {
  switch (type) {
    case at::kByte:
      return "U8";
    case at::kLong:
      return "I64";
    case at::kDouble:
      return "F64";
    default:
      return "F32";
  }
}

ScheduleUnit toScheduleUnit(const std::string& name) {
  if (name == "epochs") return ScheduleUnit::Epochs;
  if (name == "iterations") return ScheduleUnit::Iterations;
  unknown("unit of a schedule", name);
}

Schedule toSchedule(const Napi::Object& source) {
  return {toScheduleKind(source), toScheduleUnit(text(source, "unit")), number(source, "warmup")};
}

SgdForm toSgdForm(const std::string& name) {
  if (name == "pytorch") return SgdForm::PyTorch;
  if (name == "caffe") return SgdForm::Caffe;
  unknown("form of SGD", name);
}

OptimizerConfig toOptimizer(const Napi::Object& source) {
  OptimizerConfig config;
  config.form = toSgdForm(text(source, "form"));
  config.learningRate = number(source, "learningRate");
  config.momentum = number(source, "momentum");
  config.weightDecay = number(source, "weightDecay");
  config.nesterov = boolean(source, "nesterov");
  if (!isNull(source, "maxGradientNorm")) config.maxGradientNorm = number(source, "maxGradientNorm");
  config.biasRate = number(source, "biasLearningRate");
  config.biasDecay = number(source, "biasWeightDecay");
  config.normDecay = number(source, "normWeightDecay");
  const auto layers = object(source, "layers");
  const auto names = layers.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = names.Get(i).As<Napi::String>();
    config.layerRates[name] = number(object(layers, name.c_str()), "learningRate");
  }
  return config;
}

LossType toLossType(const std::string& name) {
  if (name == "cross-entropy") return LossType::CrossEntropy;
  if (name == "binary-cross-entropy") return LossType::BinaryCrossEntropy;
  unknown("loss", name);
}

LossConfig toLoss(const Napi::Object& source) {
  return {toLossType(text(source, "type")), number(source, "labelSmoothing"), number(source, "focalGamma"),
          toNumbers(array(source, "classWeights")), toNumbers(array(source, "positiveWeights"))};
}

MixConfig toMix(const Napi::Object& source) {
  return {number(source, "mixup"), number(source, "cutmix"), number(source, "probability"),
          number(source, "switchProbability")};
}

std::optional<LossScaleConfig> toLossScale(const Napi::Object& parent, const char* key) {
  if (isNull(parent, key)) return std::nullopt;
  const auto source = object(parent, key);
  return LossScaleConfig{number(source, "initial"), number(source, "growthFactor"),
                         number(source, "backoffFactor"), integer(source, "growthInterval"),
                         number(source, "minimum")};
}

video::ChannelOrder toChannelOrder(const std::string& name) {
  if (name == "rgb") return video::ChannelOrder::Rgb;
  if (name == "bgr") return video::ChannelOrder::Bgr;
  unknown("channel order", name);
}

const char* kindName(LayerKind kind) {
  switch (kind) {
    case LayerKind::Conv:
      return "conv";
    case LayerKind::Pool:
      return "pool";
    case LayerKind::Linear:
      return "linear";
  }
  return "";
}

/// Sets what `visitFields` names.
class FieldsOf {
 public:
  explicit FieldsOf(Napi::Object object) : object_(object) {}
  void operator()(const char* name, const char* value) { object_.Set(name, value); }
  void operator()(const char* name, double value) { object_.Set(name, value); }
  void operator()(const char* name, std::int64_t value) { object_.Set(name, static_cast<double>(value)); }
  void operator()(const char* name, const MultiLabelScores& value) {
    auto scores = Napi::Object::New(object_.Env());
    visitFields(value, FieldsOf(scores));
    object_.Set(name, scores);
  }
  void operator()(const char* name, const std::optional<Scores>& value) {
    const auto env = object_.Env();
    object_.Set(name, value ? Napi::Value(toJs(env, *value)) : env.Null());
  }

 private:
  Napi::Object object_;
};

template <typename Event>
void fill(Napi::Object& object, const Event& event) {
  visitFields(event, FieldsOf(object));
}

void fill(Napi::Object& object, const StepEvent& event) {
  object.Set("type", "step");
  object.Set("step", static_cast<double>(event.step));
  object.Set("epoch", static_cast<double>(event.epoch));
  object.Set("epochs", static_cast<double>(event.epochs));
  object.Set("stepInEpoch", static_cast<double>(event.stepInEpoch));
  object.Set("stepsInEpoch", static_cast<double>(event.stepsInEpoch));
  object.Set("loss", event.loss);
  object.Set("accuracy", event.accuracy);
  object.Set("learningRate", event.learningRate);
  object.Set("clipsPerSecond", event.clipsPerSecond);
  object.Set("dataWait", event.dataWait);
  object.Set("skipped", event.skipped);
  object.Set("lossScale", orNull(object.Env(), event.lossScale));
}

void fill(Napi::Object& object, const UnreadableEvent& event) {
  object.Set("type", "unreadable");
  object.Set("path", event.path);
  object.Set("reason", event.reason);
}

void fill(Napi::Object& object, const WarningEvent& event) {
  object.Set("type", "warning");
  object.Set("message", event.message);
}

void fill(Napi::Object& object, const UntrainedClassesEvent& event) {
  auto classes = Napi::Array::New(object.Env());
  for (const auto number : event.classes) classes.Set(classes.Length(), static_cast<double>(number));
  object.Set("type", "untrained-classes");
  object.Set("classes", classes);
}

void fill(Napi::Object& object, const EvaluationProgressEvent& event) {
  object.Set("type", "progress");
  object.Set("phase", "evaluation");
  object.Set("epoch", static_cast<double>(event.epoch));
  object.Set("done", static_cast<double>(event.done));
  object.Set("total", static_cast<double>(event.total));
}

void fill(Napi::Object& object, const CheckpointEvent& event) {
  object.Set("type", "checkpoint");
  object.Set("epoch", static_cast<double>(event.epoch));
  object.Set("step", static_cast<double>(event.step));
  object.Set("file", event.file.string());
}

}  // namespace

Napi::Value orNull(Napi::Env env, const std::optional<double>& value) {
  return value ? Napi::Value(Napi::Number::New(env, *value)) : env.Null();
}

Architecture toArchitecture(const Napi::Object& source) {
  const auto input = object(source, "input");
  Architecture architecture{text(source, "name"),
                            integer(input, "frames"),
                            integer(input, "height"),
                            integer(input, "width"),
                            {},
                            text(source, "classifier")};
  const auto layers = array(source, "layers");
  for (std::uint32_t i = 0; i < layers.Length(); ++i)
    architecture.layers.push_back(toLayer(layers.Get(i).As<Napi::Object>()));
  return architecture;
}

Preprocessing toPreprocessing(const Napi::Object& source, const video::ClipLayout& layout) {
  Preprocessing preprocessing;
  preprocessing.scale = number(source, "scale");
  if (source.Get("mean").IsString()) {
    preprocessing.meanCube =
        at::zeros({3, layout.frames, layout.resize.height, layout.resize.width}, at::kFloat);
    return preprocessing;
  }
  const auto mean = toNumbers(array(source, "mean"));
  if (mean.size() != preprocessing.mean.size())
    throw Error(ErrorCode::InvalidArgument, "Expected a mean of 3 channels.");
  std::copy(mean.begin(), mean.end(), preprocessing.mean.begin());
  return preprocessing;
}

Precision toPrecision(const std::string& name) {
  if (name == "float32") return Precision::Float32;
  if (name == "bfloat16") return Precision::BFloat16;
  if (name == "float16") return Precision::Float16;
  unknown("precision", name);
}

MixedPrecision toMixedPrecision(const Napi::Object& source) {
  MixedPrecision precision{toPrecision(text(source, "type")), {}};
  const auto layers = array(source, "float32Layers");
  for (std::uint32_t i = 0; i < layers.Length(); ++i)
    precision.float32Layers.insert(layers.Get(i).As<Napi::String>());
  return precision;
}

std::vector<ConvolutionShape> toConvolutionShapes(const Napi::Array& list) {
  std::vector<ConvolutionShape> shapes;
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const auto entry = list.Get(i).As<Napi::Object>();
    shapes.push_back({integer(entry, "channels"), integer(entry, "filters"), toSize3(array(entry, "kernel")),
                      toSize3(array(entry, "input"))});
  }
  return shapes;
}

Initializer toInitializer(const std::string& name) {
  if (name == "caffe") return Initializer::Caffe;
  if (name == "pytorch") return Initializer::PyTorch;
  if (name == "kaiming") return Initializer::Kaiming;
  if (name == "none") return Initializer::None;
  unknown("initializer", name);
}

video::ResizeRule toResizeRule(const Napi::Object& source) {
  return {static_cast<int>(integer(source, "width")), static_cast<int>(integer(source, "height")),
          static_cast<int>(integer(source, "shortSide"))};
}

video::ClipLayout toClipLayout(std::int64_t frames, std::int64_t height, std::int64_t width,
                               const Napi::Object& preprocessing) {
  return {toResizeRule(object(preprocessing, "resize")), toChannelOrder(text(preprocessing, "channelOrder")),
          static_cast<int>(frames), static_cast<int>(height), static_cast<int>(width)};
}

MakeFrameCache toFrameCache(const Napi::Object& source) {
  const auto type = text(source, "type");
  if (type == "none") return [] { return nullptr; };
  const auto limit = static_cast<std::uint64_t>(integer(source, "maxBytes"));
  if (type == "memory") return [limit] { return video::makeMemoryFrameCache(limit); };
  if (type == "disk")
    return [limit, folder = text(source, "folder")] { return video::openDiskFrameCache(folder, limit); };
  unknown("clip cache", type);
}

video::ClipLoaderOptions toLoaderOptions(std::size_t batchSize, const Napi::Object& loader) {
  return {batchSize, static_cast<int>(integer(loader, "threads")),
          static_cast<std::size_t>(integer(loader, "prefetch")), boolean(loader, "skipUnreadable"), nullptr};
}

video::SamplingOptions toSampling(const Napi::Object& source) {
  const auto scaleJitter = toNumbers(array(source, "scaleJitter"));
  const auto colour = object(source, "colorJitter");
  video::SamplingOptions options;
  options.mode = toSamplingMode(text(source, "mode"));
  options.clipsPerVideo = integer(source, "clipsPerVideo");
  options.clipStride = integer(source, "clipStride");
  options.temporalStride = integer(source, "temporalStride");
  options.framesPerSecond = number(source, "framesPerSecond");
  options.shortVideos = toShortVideos(text(source, "shortVideos"));
  options.crop = toCropMode(text(source, "crop"));
  options.cropScales = toNumbers(array(source, "cropScales"));
  options.smallestScale = scaleJitter.at(0);
  options.largestScale = scaleJitter.at(1);
  options.flipProbability = number(source, "flipProbability");
  options.colour = {number(colour, "brightness"), number(colour, "contrast"), number(colour, "saturation"),
                    number(colour, "hue")};
  options.balanceClasses = boolean(source, "balanceClasses");
  options.shuffle = boolean(source, "shuffle");
  options.shuffleBlock = static_cast<std::size_t>(integer(source, "shuffleBlock"));
  return options;
}

std::vector<video::LabelledVideo> toItems(const Napi::Object& source) {
  const auto videos = typedArray<Napi::Int32Array>(source.Get("videos"), napi_int32_array, "videos");
  const auto labels = typedArray<Napi::Int32Array>(source.Get("labels"), napi_int32_array, "labels");
  const auto starts = typedArray<Napi::Float64Array>(source.Get("starts"), napi_float64_array, "starts");
  const auto ends = typedArray<Napi::Float64Array>(source.Get("ends"), napi_float64_array, "ends");
  const auto count = videos.ElementLength();
  if (labels.ElementLength() != count || starts.ElementLength() != count || ends.ElementLength() != count)
    throw Error(ErrorCode::InvalidArgument, "Expected as many labels, starts and ends as videos.");
  std::vector<video::LabelledVideo> items;
  for (std::size_t i = 0; i < count; ++i)
    items.push_back(
        {videos[i], labels[i], static_cast<std::int64_t>(starts[i]), static_cast<std::int64_t>(ends[i])});
  return items;
}

std::vector<std::vector<std::int32_t>> toItemClasses(const Napi::Object& source) {
  if (isNull(source, "classes")) return {};
  const auto list = object(source, "classes");
  const auto numbers = typedArray<Napi::Int32Array>(list.Get("numbers"), napi_int32_array, "numbers");
  const auto ends = typedArray<Napi::Int32Array>(list.Get("ends"), napi_int32_array, "ends");
  std::vector<std::vector<std::int32_t>> classes;
  const std::int32_t* begin = numbers.Data();
  std::int32_t first = 0;
  for (std::size_t i = 0; i < ends.ElementLength(); ++i) {
    const std::int32_t end = ends[i];
    if (end < first || static_cast<std::size_t>(end) > numbers.ElementLength())
      throw Error(ErrorCode::InvalidArgument, "The ends of items' classes are out of order.");
    classes.emplace_back(begin + first, begin + end);
    first = end;
  }
  return classes;
}

TrainingConfig toTrainingConfig(const Napi::Object& source, const video::ClipLayout& layout) {
  const auto evaluation = object(source, "evaluation");
  const auto loader = object(source, "loader");
  TrainingConfig config;
  config.epochs = integer(source, "epochs");
  config.batchSize = static_cast<std::size_t>(integer(source, "batchSize"));
  config.seed = static_cast<std::uint64_t>(integer(source, "seed"));
  config.passes = static_cast<std::size_t>(integer(source, "accumulate"));
  config.optimizer = toOptimizer(object(source, "optimizer"));
  config.loss = toLoss(object(source, "loss"));
  config.precision = toMixedPrecision(object(source, "precision"));
  config.lossScale = toLossScale(source, "lossScale");
  config.mix = toMix(object(source, "mix"));
  config.schedule = toSchedule(object(source, "schedule"));
  config.layout = layout;
  config.sampling = toSampling(object(source, "sampling"));
  config.evaluation = {static_cast<std::size_t>(integer(evaluation, "batchSize")),
                       toSampling(object(evaluation, "sampling"))};
  config.loaderThreads = static_cast<int>(integer(loader, "threads"));
  config.prefetch = static_cast<std::size_t>(integer(loader, "prefetch"));
  config.skipUnreadable = boolean(loader, "skipUnreadable");
  const auto limits = object(source, "limits");
  config.maxSteps = integer(limits, "maxSteps");
  config.maxSeconds = number(limits, "maxSeconds");
  config.earlyStopping = {integer(limits, "patience"), toEarlyStoppingMetric(text(limits, "metric"))};
  config.checkpointSteps = integer(limits, "checkpointSteps");
  config.checkpointSeconds = number(limits, "checkpointSeconds");
  config.keepEpochs = integer(limits, "keepEpochs");
  return config;
}

Readout toReadout(const Napi::Object& object) {
  return {text(object, "layer"), toFeaturePooling(text(object, "pooling"))};
}

RunFiles toRunFiles(const Napi::Object& source) {
  return {text(source, "checkpoint"), text(source, "checkpointHeader"),
          text(source, "metrics"),    isNull(source, "events") ? std::string() : text(source, "events"),
          text(source, "best"),       text(source, "keptPrefix"),
          text(source, "model"),      text(source, "modelHeader")};
}

std::vector<TensorLocation> toLocations(const Napi::Array& list) {
  std::vector<TensorLocation> locations;
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const auto entry = list.Get(i).As<Napi::Object>();
    locations.push_back({text(entry, "name"), static_cast<std::uint64_t>(integer(entry, "offset"))});
  }
  return locations;
}

Napi::Object toJs(Napi::Env env, const TrainingResult& result) {
  auto object = Napi::Object::New(env);
  object.Set("reason", reasonName(result.reason));
  object.Set("epochs", static_cast<double>(result.epochs));
  object.Set("steps", static_cast<double>(result.steps));
  object.Set("seconds", result.seconds);
  object.Set("peakDeviceMemory", static_cast<double>(result.peakDeviceMemory));
  return object;
}

Napi::Array toTensorInfos(Napi::Env env, const NamedTensors& tensors) {
  auto list = Napi::Array::New(env);
  for (const auto& [name, tensor] : tensors) {
    auto shape = Napi::Array::New(env);
    for (const auto size : tensor.sizes()) shape.Set(shape.Length(), static_cast<double>(size));
    auto entry = Napi::Object::New(env);
    entry.Set("name", name);
    entry.Set("dtype", typeName(tensor.scalar_type()));
    entry.Set("shape", shape);
    list.Set(list.Length(), entry);
  }
  return list;
}

Napi::Object toJs(Napi::Env env, const ArchitectureSummary& summary) {
  auto layers = Napi::Array::New(env);
  for (const auto& layer : summary.layers) {
    auto output = Napi::Array::New(env);
    for (const auto size : layer.output) output.Set(output.Length(), static_cast<double>(size));
    auto entry = Napi::Object::New(env);
    entry.Set("name", layer.name);
    entry.Set("type", kindName(layer.kind));
    entry.Set("output", output);
    entry.Set("parameters", static_cast<double>(layer.parameters));
    entry.Set("macs", static_cast<double>(layer.macs));
    layers.Set(layers.Length(), entry);
  }
  auto result = Napi::Object::New(env);
  result.Set("layers", layers);
  result.Set("parameters", static_cast<double>(summary.parameters));
  result.Set("macs", static_cast<double>(summary.macs));
  result.Set("activationBytes", static_cast<double>(summary.activationBytes));
  return result;
}

Napi::Object toJs(Napi::Env env, const Scores& scores) {
  auto object = Napi::Object::New(env);
  fill(object, scores);
  return object;
}

Napi::Object toJs(Napi::Env env, const TrainingEvent& event) {
  auto object = Napi::Object::New(env);
  std::visit([&object](const auto& kind) { fill(object, kind); }, event);
  return object;
}

Napi::Object toJs(Napi::Env env, const video::IndexedVideo& video) {
  auto object = Napi::Object::New(env);
  object.Set("path", video.path.string());
  object.Set("frames", static_cast<double>(video.index.frameCount));
  object.Set("width", video.index.width);
  object.Set("height", video.index.height);
  object.Set("framesPerSecond", video.index.framesPerSecond);
  object.Set("codec", video.index.codec);
  object.Set("problem", video.problem);
  object.Set("warning", video.index.warning);
  const auto fingerprint = video.index.fingerprint;
  object.Set("fingerprint", fingerprint == 0 ? std::string() : video::hexOf(fingerprint));
  return object;
}

Napi::Array toJs(Napi::Env env, const video::VideoSet& videos,
                 const std::vector<video::UnreadableClip>& unreadable) {
  auto list = Napi::Array::New(env);
  std::set<std::int32_t> told;
  for (const auto& [clip, reason] : unreadable) {
    if (!told.insert(clip.video).second) continue;
    auto video = Napi::Object::New(env);
    video.Set("path", videos.videos()[static_cast<std::size_t>(clip.video)].path.string());
    video.Set("reason", reason);
    list.Set(list.Length(), video);
  }
  return list;
}

Napi::Float32Array toFloat32Array(Napi::Env env, const at::Tensor& tensor) {
  const auto values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  auto array = Napi::Float32Array::New(env, static_cast<std::size_t>(values.numel()));
  std::memcpy(array.Data(), values.const_data_ptr(), values.nbytes());
  return array;
}

}  // namespace c3d::addon
