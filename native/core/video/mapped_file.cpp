#include "core/video/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace c3d::video {
namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& file)
      : number_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

std::shared_ptr<const std::uint8_t> mapFile(const std::filesystem::path& file, std::size_t bytes) {
  const Descriptor descriptor(file);
  struct stat status{};
  if (descriptor.number() < 0 || ::fstat(descriptor.number(), &status) != 0) return nullptr;
  if (std::size_t(status.st_size) != bytes || bytes == 0) return nullptr;
  void* memory = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor.number(), 0);
  if (memory == MAP_FAILED) return nullptr;
  return {static_cast<const std::uint8_t*>(memory),
          [bytes](const std::uint8_t* mapped) { ::munmap(const_cast<std::uint8_t*>(mapped), bytes); }};
}

}  // namespace c3d::video
