#include "core/weights/tensor_file.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <unordered_map>

#include "core/runtime/error.h"

namespace c3d {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files hold little-endian values");

std::string systemReason() {
  return std::strerror(errno);
}

/// A file that is written beside its final place; removed again unless `commit` is reached.
class PendingFile {
 public:
  explicit PendingFile(std::filesystem::path target)
      : target_(std::move(target)), temporary_(uniqueNeighbour(target_)) {
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail();
  }
  ~PendingFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!committed_) ::unlink(temporary_.c_str());
  }
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  void write(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const char*>(data);
    while (size > 0) {
      const auto written = ::write(descriptor_, bytes, size);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail();
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
  }

  void commit() {
    if (::fsync(descriptor_) != 0) fail();
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail();
    committed_ = true;
  }

 private:
  static std::filesystem::path uniqueNeighbour(const std::filesystem::path& target) {
    auto name = target;
    name += "." + std::to_string(std::random_device{}());
    name += ".tmp";
    return name;
  }

  [[noreturn]] void fail() const {
    throw Error(ErrorCode::File,
                "Cannot write '" + target_.string() + "': " + systemReason() +
                    ". Nothing was changed; check the folder, its permissions and the free space.");
  }

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

at::Tensor rowMajorOnCpu(const at::Tensor& tensor) {
  return tensor.detach().to(at::kCPU, at::kFloat).contiguous();
}

}  // namespace

void writeTensorFile(const std::filesystem::path& file, const std::string& header,
                     const NamedTensors& tensors) {
  PendingFile pending(file);
  const std::uint64_t headerSize = header.size();
  pending.write(&headerSize, sizeof(headerSize));
  pending.write(header.data(), header.size());
  for (const auto& [name, tensor] : tensors) {
    const auto values = rowMajorOnCpu(tensor);
    pending.write(values.const_data_ptr(), values.nbytes());
  }
  pending.commit();
}

void readTensorFile(const std::filesystem::path& file, const std::vector<TensorLocation>& locations,
                    const NamedTensors& tensors) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw Error(std::filesystem::exists(file) ? ErrorCode::File : ErrorCode::FileNotFound,
                "Cannot read '" + file.string() + "': " + systemReason() + ".");
  const std::unordered_map<std::string, at::Tensor> byName(tensors.begin(), tensors.end());

  std::vector<std::pair<at::Tensor, at::Tensor>> copies;  // to, from
  for (const auto& location : locations) {
    const auto target = byName.find(location.name);
    if (target == byName.end())
      throw Error(ErrorCode::Weights, "The model has no tensor '" + location.name + "'.");
    auto values = at::empty(target->second.sizes(), at::kFloat);
    stream.seekg(static_cast<std::streamoff>(location.offset));
    stream.read(static_cast<char*>(values.mutable_data_ptr()), static_cast<std::streamsize>(values.nbytes()));
    if (!stream)
      throw Error(ErrorCode::Weights, "'" + file.string() + "' ends within tensor '" + location.name + "'.");
    copies.emplace_back(target->second, std::move(values));
  }
  const at::NoGradGuard noGrad;
  for (auto& [to, from] : copies) to.copy_(from);
}

}  // namespace c3d
