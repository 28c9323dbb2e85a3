#pragma once

// The parts of LibTorch that this project uses, precompiled for every source that needs LibTorch. Include this rather
// than <torch/torch.h>: that one brings every module of torch::nn, and each source that sees it pays 10 seconds for
// code that the compiler makes of it, precompiled or not. What only one source needs is included there.
#include <ATen/Parallel.h>
#include <torch/autograd.h>
#include <torch/cuda.h>
#include <torch/nn/functional.h>
#include <torch/nn/module.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/version.h>
