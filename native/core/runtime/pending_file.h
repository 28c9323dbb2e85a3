#pragma once

#include <cstddef>
#include <filesystem>

namespace c3d {

/// A file that is written beside its final place and renamed into it, so that at any moment the final place
/// holds either what was there before or all of the new contents. Without `commit` nothing is left. All
/// functions throw Error(File) naming the final place.
class PendingFile {
 public:
  explicit PendingFile(std::filesystem::path target);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  void write(const void* data, std::size_t size);
  /// Over the first bytes, which were written before.
  void writeBeginning(const void* data, std::size_t size);

  /// Durable: waits until the contents are on the disk, so that even a power cut leaves one or the other.
  void commit();
  /// The same without the wait, for contents that carry their own check and can be made again.
  void commitWithoutSync();

  /// Ends the name of every file that is not committed yet.
  static constexpr const char* kSuffix = ".tmp";

 private:
  void rename();
  [[noreturn]] void fail() const;

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

}  // namespace c3d
