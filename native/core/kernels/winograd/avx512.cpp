#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "core/kernels/cpu_features.h"
#include "core/kernels/winograd/instruction_sets.h"
#include "core/runtime/parallel.h"
#include "core/runtime/scratch.h"

#ifdef C3D_X86

// 32 registers of 16 floats.
#define C3D_ISA avx512
#define C3D_LANES 16
#define C3D_VECTORS 24

C3D_BEGIN_TARGET("avx512f,avx512dq,avx2,fma")
#include "core/kernels/winograd/code.h"
C3D_END_TARGET

#endif
