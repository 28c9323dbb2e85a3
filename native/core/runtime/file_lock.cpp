#include "core/runtime/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "core/runtime/error.h"

namespace c3d {
namespace {

enum class Outcome { Locked, HeldByAnother, Unsupported };

Outcome lock(int descriptor) {
  for (;;) {
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return Outcome::Locked;
    if (errno == EINTR) continue;
    return errno == EWOULDBLOCK ? Outcome::HeldByAnother : Outcome::Unsupported;
  }
}

std::string textOf(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

FileLock::FileLock(std::filesystem::path file, const std::string& holder) : file_(std::move(file)) {
  for (;;) {
    open();
    const auto outcome = lock(descriptor_);
    if (outcome == Outcome::HeldByAnother) {
      ::close(descriptor_);
      const auto other = textOf(file_);
      throw Error(ErrorCode::File, "'" + file_.parent_path().string() + "' is being written to by " +
                                       (other.empty() ? "another process" : other) +
                                       ". Wait until it has ended, stop it, or choose another folder.");
    }
    // Its holder may have removed the file between the two, and a third one made it anew.
    if (outcome == Outcome::Unsupported || isStillThere()) break;
    ::close(descriptor_);
  }
  const auto size = static_cast<::ssize_t>(holder.size());
  if (::ftruncate(descriptor_, 0) == 0 && ::write(descriptor_, holder.data(), holder.size()) == size) return;
  const auto reason = errno;
  ::close(descriptor_);
  errno = reason;
  fail();
}

FileLock::~FileLock() {
  ::unlink(file_.c_str());  // while it is locked: the next one's file is another
  ::close(descriptor_);
}

void FileLock::open() {
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail();
}

bool FileLock::isStillThere() const {
  struct stat ours{};
  struct stat there{};
  return ::fstat(descriptor_, &ours) == 0 && ::stat(file_.c_str(), &there) == 0 &&
         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

void FileLock::fail() const {
  throw Error(ErrorCode::File, "Cannot write '" + file_.string() + "': " + std::strerror(errno) +
                                   ". Check the folder, its permissions and the free space.");
}

}  // namespace c3d
