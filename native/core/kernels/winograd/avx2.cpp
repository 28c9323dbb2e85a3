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

// 16 registers of 8 floats.
#define C3D_ISA avx2
#define C3D_LANES 8
#define C3D_VECTORS 12

C3D_BEGIN_TARGET("avx2,fma")
#include "core/kernels/winograd/code.h"
C3D_END_TARGET

#endif
