#include "core/evaluation/scorer.h"

#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include "core/runtime/compute_turn.h"
#include "core/runtime/device_thread.h"

namespace c3d {
namespace {

at::Tensor pooled(const at::Tensor& activations, FeaturePooling pooling) {
  if (activations.dim() != 5 || pooling == FeaturePooling::None) return activations.flatten(1);
  return pooling == FeaturePooling::Average ? activations.mean({2, 3, 4}) : activations.amax({2, 3, 4});
}

at::Tensor computeOutputs(const C3D& model, const at::Tensor& pixels, std::span<const CropPlace> places,
                          const MixedPrecision& precision, const Readout& readout,
                          const Cancellation& cancellation) {
  const c10::InferenceMode inference;
  const ComputeTurn turn(model.mutex(), model.device(), cancellation);
  ForwardOptions options;
  options.cancellation = &cancellation;
  options.precision = precision;
  options.until = readout.layer;
  const auto outputs = model.forward(model.preprocess(pixels, places), options);
  return pooled(outputs, readout.pooling).to(at::kCPU);
}

}  // namespace

at::Tensor pixelsOf(video::ClipBatch& batch, const video::ClipLayout& layout) {
  return at::from_blob(
      batch.pixels.data(),
      {static_cast<std::int64_t>(batch.clips.size()), layout.frames, layout.height, layout.width, 3},
      at::kByte);
}

std::vector<CropPlace> placesOf(const video::ClipBatch& batch) {
  std::vector<CropPlace> places;
  for (const auto& clip : batch.clips) places.push_back({clip.window.x, clip.window.y, clip.flip});
  return places;
}

void scoreClips(const C3D& model, const MixedPrecision& precision, const ClipData& data,
                const video::ClipLayout& layout, const video::SamplingOptions& sampling,
                const video::ClipLoaderOptions& loading, const Readout& readout,
                const Cancellation& cancellation, const ScoreSink& sink,
                const UnreadableSink& unreadableSink) {
  auto clips = video::sampleClips(*data.videos, data.items, layout, sampling, /*seed=*/0, /*epoch=*/0);
  if (clips.empty()) throw Error(ErrorCode::EmptyDataset, "There is no clip to score.");
  const auto total = clips.size();
  video::ClipLoader loader(data.videos, std::move(clips), layout, loading);
  const std::stop_callback stopLoader(cancellation.token(), [&loader] { loader.cancel(); });
  std::size_t done = 0;
  while (auto batch = loader.next()) {
    cancellation.throwIfRequested();
    done += batch->clips.size() + batch->unreadable.size();
    if (!batch->unreadable.empty()) unreadableSink(batch->unreadable);
    if (batch->clips.empty()) continue;
    const auto outputs = computeOn(model.device(), [&] {
      return computeOutputs(model, pixelsOf(*batch, layout), placesOf(*batch), precision, readout,
                            cancellation);
    });
    sink(batch->clips, outputs, done, total);
    loader.recycle(std::move(*batch));
  }
}

}  // namespace c3d
