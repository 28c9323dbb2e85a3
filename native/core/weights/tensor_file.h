#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/model/c3d.h"

namespace c3d {

/// Writes a safetensors file: the length of `header` (8 bytes, little-endian), `header`, then the values of
/// `tensors` one after the other in the order given, row-major, in their own type (float16 and bfloat16 as
/// float32). The header is the caller's; it must
/// describe exactly these tensors. Written beside the file, flushed to the disk and renamed, so that the file
/// is never half there. Throws Error(File) that names the file and the system's reason.
void writeTensorFile(const std::filesystem::path& file, const std::string& header,
                     const NamedTensors& tensors);

struct TensorLocation {
  std::string name;
  std::uint64_t offset = 0;  // from the start of the file
};

/// Copies values, of the types that `writeTensorFile` gives them, from `file` into the tensors of those
/// names. Everything is read and checked before the first tensor changes. Throws Error(FileNotFound | File |
/// Weights).
void readTensorFile(const std::filesystem::path& file, const std::vector<TensorLocation>& locations,
                    const NamedTensors& tensors);

}  // namespace c3d
