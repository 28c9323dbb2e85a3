#include "core/weights/tensor_file.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <unordered_map>

#include "core/runtime/error.h"
#include "core/runtime/pending_file.h"

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
    auto values = at::empty(target->second.sizes(), fileType(target->second));
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
