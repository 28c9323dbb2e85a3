#include "core/weights/tensor_file.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <system_error>
#include <unordered_map>

#include "core/runtime/error.h"
#include "core/runtime/pending_file.h"
#include "core/video/mapped_file.h"

namespace c3d {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files hold little-endian values");

std::string systemReason() {
  return std::strerror(errno);
}

/// Reduced precision is kept as float32; everything else as it is.
at::ScalarType fileType(const at::Tensor& tensor) {
  const auto type = tensor.scalar_type();
  return at::isReducedFloatingType(type) ? at::kFloat : type;
}

/// A file in memory: its pages are the system's own, so that values are read once, on their way into a
/// tensor.
class MappedTensors {
 public:
  explicit MappedTensors(const std::filesystem::path& file) : file_(file), size_(sizeOf(file)) {
    bytes_ = video::mapFile(file_, size_);
    if (!bytes_) throw Error(ErrorCode::File, "Cannot read '" + file.string() + "': " + systemReason() + ".");
  }

  /// Values of the shape of `like`, valid as long as this.
  at::Tensor tensor(const TensorLocation& location, const at::Tensor& like) const {
    const auto type = fileType(like);
    const auto length = static_cast<std::size_t>(like.numel()) * at::elementSize(type);
    if (location.offset > size_ || length > size_ - location.offset)
      throw Error(ErrorCode::Weights, "'" + file_.string() + "' ends within tensor '" + location.name + "'.");
    const auto* values = bytes_.get() + location.offset;
    if (reinterpret_cast<std::uintptr_t>(values) % at::elementSize(type) == 0)
      // The tensor is only read.
      return at::from_blob(const_cast<std::uint8_t*>(values), like.sizes(), type);
    auto aligned = at::empty(like.sizes(), type);
    std::memcpy(aligned.mutable_data_ptr(), values, length);
    return aligned;
  }

 private:
  static std::size_t sizeOf(const std::filesystem::path& file) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (!error) return size;
    throw Error(error == std::errc::no_such_file_or_directory ? ErrorCode::FileNotFound : ErrorCode::File,
                "Cannot read '" + file.string() + "': " + error.message() + ".");
  }

  std::filesystem::path file_;
  std::size_t size_;
  std::shared_ptr<const std::uint8_t> bytes_;
};

at::Tensor rowMajorOnCpu(const at::Tensor& tensor) {
  return tensor.detach().to(at::kCPU, fileType(tensor)).contiguous();
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
  const MappedTensors mapped(file);
  const std::unordered_map<std::string, at::Tensor> byName(tensors.begin(), tensors.end());

  std::vector<std::pair<at::Tensor, at::Tensor>> copies;  // to, from
  for (const auto& location : locations) {
    const auto target = byName.find(location.name);
    if (target == byName.end())
      throw Error(ErrorCode::Weights, "The model has no tensor '" + location.name + "'.");
    copies.emplace_back(target->second, mapped.tensor(location, target->second));
  }
  const at::NoGradGuard noGrad;
  for (auto& [to, from] : copies) to.copy_(from);
}

}  // namespace c3d
