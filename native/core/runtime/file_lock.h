#pragma once

#include <filesystem>
#include <string>

namespace c3d {

/// A lock on whatever a file stands for, between processes and between the threads of one. The system drops
/// it when its holder ends, however that ends, so that none is ever left behind; the file may be.
class FileLock {
 public:
  /// Makes the file, which names its holder for people: `holder` becomes its text. Throws Error(File) where
  /// it cannot be written, or where another one holds the lock: with what that one wrote. Where the file
  /// system knows no locks (ENOLCK, ENOTSUP) none is held.
  FileLock(std::filesystem::path file, const std::string& holder);
  /// Removes the file.
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  void open();
  bool isStillThere() const;
  [[noreturn]] void fail() const;

  std::filesystem::path file_;
  int descriptor_ = -1;
};

}  // namespace c3d
