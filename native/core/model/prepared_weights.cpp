#include "core/model/prepared_weights.h"

#include <ATen/core/grad_mode.h>

namespace c3d {

const at::Tensor& PreparedWeights::of(const at::Tensor& weight, at::ScalarType type,
                                      const std::function<at::Tensor()>& prepare) {
  const void* data = weight.const_data_ptr();
  if (!prepared_.defined() || prepared_.scalar_type() != type || weight_ != data ||
      version_ != weight._version()) {
    prepared_.reset();  // first, so that there is room for the new
    prepared_ = prepare();
    weight_ = data;
    version_ = weight._version();
  }
  return prepared_;
}

at::Tensor roundedWeights(const at::Tensor& weight, at::ScalarType type, PreparedWeights* prepared) {
  const bool kept = prepared != nullptr && !at::GradMode::is_enabled();
  if (prepared != nullptr && !kept) prepared->release();
  if (weight.scalar_type() == type) return weight;
  if (!kept) return weight.to(type);
  return prepared->of(weight, type, [&] { return weight.to(type); });
}

}  // namespace c3d
