#include "addon/typed_tensors.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <string>
#include <vector>

#include "addon/properties.h"
#include "core/runtime/error.h"

namespace c3d::addon {
namespace {

struct Memory {
  void* data;
  std::size_t values;
  at::ScalarType type;
};

Memory memoryOf(const Napi::Value& array) {
  if (array.IsTypedArray() && array.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    auto bytes = array.As<Napi::Uint8Array>();
    return {bytes.Data(), bytes.ElementLength(), at::kByte};
  }
  auto floats = typedArray<Napi::Float32Array>(array, napi_float32_array, "data");
  return {floats.Data(), floats.ElementLength(), at::kFloat};
}

}  // namespace

at::Tensor viewOf(const Napi::Value& array, const Napi::Value& shape) {
  const auto memory = memoryOf(array);
  std::vector<std::int64_t> sizes;
  std::int64_t values = 1;
  const auto list = shape.As<Napi::Array>();
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    sizes.push_back(list.Get(i).As<Napi::Number>().Int64Value());
    values *= sizes.back();
  }
  if (values < 0 || static_cast<std::size_t>(values) != memory.values)
    throw Error(ErrorCode::InvalidArgument, "Expected " + std::to_string(values) +
                                                " values for this shape, got " +
                                                std::to_string(memory.values) + ".");
  return at::from_blob(memory.data, sizes, memory.type);
}

at::Tensor copyOfLabels(const Napi::Value& labels, std::int64_t classes) {
  const auto values = typedArray<Napi::Int32Array>(labels, napi_int32_array, "labels");
  auto tensor = at::empty({static_cast<std::int64_t>(values.ElementLength())}, at::kLong);
  auto* target = tensor.mutable_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < values.ElementLength(); ++i) {
    if (values[i] < 0 || values[i] >= classes)
      throw Error(ErrorCode::InvalidArgument, "Expected labels of 0 to " + std::to_string(classes - 1) +
                                                  ", got " + std::to_string(values[i]) + ".");
    target[i] = values[i];
  }
  return tensor;
}

at::Tensor copyOfTargets(const Napi::Object& source, std::int64_t classes) {
  if (isNull(source, "targets")) return copyOfLabels(source.Get("labels"), classes);
  const auto targets = object(source, "targets");
  return viewOf(targets.Get("data"), targets.Get("shape")).clone();
}

}  // namespace c3d::addon
