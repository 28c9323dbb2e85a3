"""Compiles CUDA C++ for a GPU that need not be there, by any NVRTC of this machine.

Reads JSON from stdin: {"folders": [where to look first], "units": [{"source", "macros": ["LANES=8"], "kernels"}]}.
Prints {"problem": why there is no compiler} or {"results": [{"error", "log", "missing": kernels}]}.
"""

import ctypes
import ctypes.util
import glob
import json
import os
import sys

LIBRARY = "libnvrtc.so.*[0-9]"


def find_libraries(folders):
    """NVIDIA's wheels, beside a torch or where python3 looks; then CUDA's toolkit."""
    wheels = [*folders, *sys.path]
    toolkits = [os.environ.get("CUDA_HOME", "/usr/local/cuda")]
    patterns = [os.path.join(folder, "nvidia", "*", "lib", LIBRARY) for folder in wheels]
    patterns += [os.path.join(folder, "lib64", LIBRARY) for folder in toolkits]
    return [file for pattern in patterns for file in sorted(glob.glob(pattern))]


def load_compiler(folders):
    for file in find_libraries(folders):
        # NVRTC opens this one by its name, which only the dynamic linker's own folders would lead to.
        for builtins in glob.glob(os.path.join(os.path.dirname(file), "libnvrtc-builtins.so*")):
            ctypes.CDLL(builtins)
        return ctypes.CDLL(file)
    name = ctypes.util.find_library("nvrtc")
    return None if name is None else ctypes.CDLL(name)


def oldest_processor(nvrtc):
    count = ctypes.c_int()
    nvrtc.nvrtcGetNumSupportedArchs(ctypes.byref(count))
    supported = (ctypes.c_int * count.value)()
    nvrtc.nvrtcGetSupportedArchs(supported)
    return f"sm_{min(supported)}"


def text_of(nvrtc, kind, program):
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{kind}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{kind}")(program, text)
    return text.raw


def compile_unit(nvrtc, processor, unit):
    program = ctypes.c_void_p()
    source = unit["source"].encode()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"source.cu", 0, None, None)
    # As native/core/cuda/program.cpp does.
    options = [f"--gpu-architecture={processor}", "--std=c++17"]
    options += [f"--define-macro={macro}" for macro in unit["macros"]]
    texts = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
    error = nvrtc.nvrtcCompileProgram(program, len(options), texts)
    log = text_of(nvrtc, "ProgramLog", program).rstrip(b"\0").decode().strip()
    code = b"" if error else text_of(nvrtc, "CUBIN", program)
    missing = [name for name in unit["kernels"] if f".text.{name}\0".encode() not in code]
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return {"error": error, "log": log, "missing": missing}


def main():
    request = json.load(sys.stdin)
    nvrtc = load_compiler(request["folders"])
    if nvrtc is None:
        return {"problem": "no libnvrtc of a CUDA build of LibTorch, a wheel of NVIDIA's or a CUDA toolkit"}
    processor = oldest_processor(nvrtc)
    return {"results": [compile_unit(nvrtc, processor, unit) for unit in request["units"]]}


json.dump(main(), sys.stdout)
