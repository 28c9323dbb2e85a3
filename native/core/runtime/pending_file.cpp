#include "core/runtime/pending_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <string>
#include <utility>

#include "core/runtime/error.h"

namespace c3d {
namespace {

std::filesystem::path uniqueNeighbour(const std::filesystem::path& target) {
  auto name = target;
  name += "." + std::to_string(std::random_device{}());
  name += PendingFile::kSuffix;
  return name;
}

}  // namespace

PendingFile::PendingFile(std::filesystem::path target)
    : target_(std::move(target)), temporary_(uniqueNeighbour(target_)) {
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail();
}

PendingFile::~PendingFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!committed_) ::unlink(temporary_.c_str());
}

void PendingFile::write(const void* data, std::size_t size) {
  const auto* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const auto written = ::write(descriptor_, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail();
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

void PendingFile::writeBeginning(const void* data, std::size_t size) {
  if (::lseek(descriptor_, 0, SEEK_SET) != 0) fail();
  write(data, size);
}

void PendingFile::commit() {
  if (::fsync(descriptor_) != 0) fail();
  rename();
}

void PendingFile::commitWithoutSync() {
  rename();
}

void PendingFile::rename() {
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail();
  committed_ = true;
}

void PendingFile::fail() const {
  const std::string reason = std::strerror(errno);
  throw Error(ErrorCode::File,
              "Cannot write '" + target_.string() + "': " + reason +
                  ". Nothing was changed; check the folder, its permissions and the free space.");
}

}  // namespace c3d
