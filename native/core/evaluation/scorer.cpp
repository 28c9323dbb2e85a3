#include "core/evaluation/scorer.h"

#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

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

/// `deliver` gets each batch, what the network gave for it, and the number of clips so far.
template <typename Clips, typename Deliver>
void scoreBatches(Clips& clips, const C3D& model, const MixedPrecision& precision,
                  const video::ClipLayout& layout, const Readout& readout, const Cancellation& cancellation,
                  const Deliver& deliver) {
  const std::stop_callback stopReading(cancellation.token(), [&clips] { clips.cancel(); });
  std::size_t done = 0;
  while (auto batch = clips.next()) {
    cancellation.throwIfRequested();
    done += batch->clips.size() + batch->unreadable.size();
    at::Tensor outputs;
    if (!batch->clips.empty()) {
      outputs = computeOn(model.device(), [&] {
        return computeOutputs(model, pixelsOf(*batch, layout), placesOf(*batch), precision, readout,
                              cancellation);
      });
    }
    deliver(*batch, outputs, done);
    clips.recycle(std::move(*batch));
  }
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
  scoreBatches(loader, model, precision, layout, readout, cancellation,
               [&](video::ClipBatch& batch, const at::Tensor& outputs, std::size_t done) {
                 if (!batch.unreadable.empty()) unreadableSink(batch.unreadable);
                 if (!batch.clips.empty()) sink(batch.clips, outputs, done, total);
               });
}

void scoreVideo(const C3D& model, const MixedPrecision& precision,
                std::shared_ptr<const video::MediaLibrary> media, const std::filesystem::path& file,
                const video::ClipLayout& layout, const video::SamplingOptions& sampling,
                const video::ClipLoaderOptions& loading, const Readout& readout,
                const Cancellation& cancellation, const VideoScoreSink& sink) {
  video::ClipStream stream(std::move(media), file, layout, sampling, loading);
  scoreBatches(stream, model, precision, layout, readout, cancellation,
               [&](video::ClipBatch& batch, const at::Tensor& outputs, std::size_t done) {
                 sink(stream.framesPerSecond(), batch.clips, outputs, done, std::max(done, stream.total()));
               });
}

}  // namespace c3d
