#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/video/frame_source.h"

namespace c3d::video {

/// Size and time of change of a file; nothing when there is no such file.
std::optional<FileVersion> versionOf(const std::filesystem::path& file);

/// Keeps the indices of video files on disk, so that a file is decoded for counting once, as long as it does
/// not change. Any number of threads and processes may share a folder. Losing an entry costs time and nothing
/// else, so nothing here throws: what cannot be read is not there, what cannot be written is not kept.
class IndexCache {
 public:
  /// `decoder` names what the indices come from: another version of it may count otherwise.
  IndexCache(std::filesystem::path folder, std::string decoder);

  std::optional<FrameIndex> find(const std::filesystem::path& file, const FileVersion& version) const;
  void keep(const std::filesystem::path& file, const FrameIndex& index) const;

 private:
  std::filesystem::path entryFor(const std::string& key) const;
  std::string keyOf(const std::filesystem::path& file, const FileVersion& version) const;

  std::filesystem::path folder_;
  std::string decoder_;
};

}  // namespace c3d::video
