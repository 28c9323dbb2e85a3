#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/model/c3d.h"
#include "core/runtime/cancellation.h"
#include "core/video/clip_loader.h"
#include "core/video/clip_sampler.h"
#include "core/video/clip_stream.h"
#include "core/video/media_library.h"

namespace c3d {

/// Labelled videos of one set.
struct ClipData {
  std::shared_ptr<const video::VideoSet> videos;
  std::vector<video::LabelledVideo> items;
  /// Class numbers of every item, where items have any number of classes; their `label` means nothing then.
  std::vector<std::vector<std::int32_t>> classes;
};

/// Called with the clips of a batch that could not be read.
using UnreadableSink = std::function<void(const std::vector<video::UnreadableClip>& unreadable)>;

/// How the activations [C, T, H, W] of a convolution or pool become a vector. Those of linear layers are one.
enum class FeaturePooling {
  None,     // all of them, in the order C, T, H, W
  Average,  // [C], over time and space
  Max       // likewise
};

/// What is taken from the network for each clip.
struct Readout {
  std::string layer;  // as ForwardOptions::until; empty: the logits
  FeaturePooling pooling = FeaturePooling::None;
};

/// Called for every batch: its clips, what the network gave for them (float32 [n, values] on the CPU), clips
/// done so far and in all.
using ScoreSink = std::function<void(const std::vector<video::ClipSpec>& clips, const at::Tensor& outputs,
                                     std::size_t done, std::size_t total)>;

/// Reads clips as `sampling` says and gives each to the network, decoding ahead. Throws Error(EmptyDataset)
/// when there is no clip, Error(Aborted), and what reading and computing throw.
void scoreClips(const C3D& model, const MixedPrecision& precision, const ClipData& data,
                const video::ClipLayout& layout, const video::SamplingOptions& sampling,
                const video::ClipLoaderOptions& loading, const Readout& readout,
                const Cancellation& cancellation, const ScoreSink& sink,
                const UnreadableSink& unreadableSink);

/// The same for one video, with its frame rate, which is 0 when unknown.
using VideoScoreSink = std::function<void(double framesPerSecond, const std::vector<video::ClipSpec>& clips,
                                          const at::Tensor& outputs, std::size_t done, std::size_t total)>;

/// Reads the clips of one whole video, NonOverlapping or Dense, while its frames are being counted, as
/// video::ClipStream does, and gives each to the network. `total` is what the video's header promises until
/// its frames are counted. Throws as scoreClips.
void scoreVideo(const C3D& model, const MixedPrecision& precision,
                std::shared_ptr<const video::MediaLibrary> media, const std::filesystem::path& file,
                const video::ClipLayout& layout, const video::SamplingOptions& sampling,
                const video::ClipLoaderOptions& loading, const Readout& readout,
                const Cancellation& cancellation, const VideoScoreSink& sink);

/// The batch's pixels as a tensor uint8 [N, T, H, W, 3]; shares the batch's memory.
at::Tensor pixelsOf(video::ClipBatch& batch, const video::ClipLayout& layout);

/// Where the batch's clips were cut.
std::vector<CropPlace> placesOf(const video::ClipBatch& batch);

}  // namespace c3d
