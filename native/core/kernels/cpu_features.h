#pragma once

// What the kernels may be compiled for, and what the processor has.
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define C3D_X86 1
/// Before a function that uses AVX2 and FMA; whoever calls it has asked hasAvx2().
#define C3D_AVX2 __attribute__((target("avx2,fma")))
#endif

// Around functions that are compiled for an instruction set; whoever calls them has asked for it.
#if defined(C3D_X86) && defined(__clang__)
#define C3D_BEGIN_TARGET(features) \
  C3D_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define C3D_END_TARGET C3D_PRAGMA(clang attribute pop)
#elif defined(C3D_X86)
#define C3D_BEGIN_TARGET(features) C3D_PRAGMA(GCC push_options) C3D_PRAGMA(GCC target(features))
#define C3D_END_TARGET C3D_PRAGMA(GCC pop_options)
#endif

// Before a loop over plain arrays: compiled for several instruction sets, one of which the loader picks.
#if defined(C3D_X86) && defined(__linux__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define C3D_VECTORIZED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define C3D_VECTORIZED
#endif

// Before a loop.
#if defined(__clang__)
#define C3D_PRAGMA(text) _Pragma(#text)
#define C3D_UNROLL(times) C3D_PRAGMA(clang loop unroll_count(times))
#elif defined(__GNUC__)
#define C3D_PRAGMA(text) _Pragma(#text)
#define C3D_UNROLL(times) C3D_PRAGMA(GCC unroll times)
#else
#define C3D_UNROLL(times)
#endif

// Before a loop whose rounds may be done in any order: its arrays are the same or do not overlap.
#if defined(__clang__)
#define C3D_INDEPENDENT C3D_PRAGMA(clang loop vectorize(assume_safety))
#elif defined(__GNUC__)
#define C3D_INDEPENDENT C3D_PRAGMA(GCC ivdep)
#else
#define C3D_INDEPENDENT
#endif

// Before a name of a pointer: nothing else points there.
#if defined(__GNUC__) || defined(__clang__)
#define C3D_RESTRICT __restrict__
#else
#define C3D_RESTRICT
#endif

namespace c3d {

inline bool hasAvx2() {
#ifdef C3D_X86
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

inline bool hasAvx512() {
#ifdef C3D_X86
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
#else
  return false;
#endif
}

}  // namespace c3d
