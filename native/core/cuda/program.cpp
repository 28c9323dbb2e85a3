#include "core/cuda/program.h"

#include <c10/core/Device.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "core/runtime/error.h"

namespace c3d::cuda {
namespace {

// The few functions of CUDA's driver and of NVRTC that are used. Both interfaces are stable C, and looked up
// by name: linking them would make a GPU driver a condition for loading the addon.
using DriverResult = int;    // CUresult
using CompilerResult = int;  // nvrtcResult
using Module = void*;        // CUmodule
using Function = void*;      // CUfunction
using Program = void*;       // nvrtcProgram

struct Driver {
  DriverResult (*ctxGetDevice)(int* device) = nullptr;
  DriverResult (*deviceGetAttribute)(int* value, int attribute, int device) = nullptr;
  DriverResult (*moduleLoadData)(Module* module, const void* image) = nullptr;
  DriverResult (*moduleGetFunction)(Function* function, Module module, const char* name) = nullptr;
  DriverResult (*launchKernel)(Function function, unsigned gridX, unsigned gridY, unsigned gridZ,
                               unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,
                               void* stream, void** arguments, void** extra) = nullptr;
  DriverResult (*getErrorString)(DriverResult result, const char** text) = nullptr;
};

struct Compiler {
  CompilerResult (*createProgram)(Program* program, const char* text, const char* name, int headers,
                                  const char* const* headerTexts, const char* const* headerNames) = nullptr;
  CompilerResult (*compileProgram)(Program program, int options, const char* const* texts) = nullptr;
  CompilerResult (*getCubinSize)(Program program, std::size_t* size) = nullptr;
  CompilerResult (*getCubin)(Program program, char* code) = nullptr;
  CompilerResult (*getLogSize)(Program program, std::size_t* size) = nullptr;
  CompilerResult (*getLog)(Program program, char* text) = nullptr;
  CompilerResult (*destroyProgram)(Program* program) = nullptr;
  const char* (*getErrorString)(CompilerResult result) = nullptr;
};

constexpr int kComputeCapabilityMajor = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
constexpr int kComputeCapabilityMinor = 76;

template <typename Pointer>
bool find(void* library, const char* name, Pointer& function) {
  function = reinterpret_cast<Pointer>(dlsym(library, name));
  return function != nullptr;
}

Driver loadDriver() {
  Driver driver;
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return {};
  const bool complete = find(library, "cuCtxGetDevice", driver.ctxGetDevice) &&
                        find(library, "cuDeviceGetAttribute", driver.deviceGetAttribute) &&
                        find(library, "cuModuleLoadData", driver.moduleLoadData) &&
                        find(library, "cuModuleGetFunction", driver.moduleGetFunction) &&
                        find(library, "cuLaunchKernel", driver.launchKernel) &&
                        find(library, "cuGetErrorString", driver.getErrorString);
  return complete ? driver : Driver();
}

Compiler loadCompiler() {
  Compiler compiler;
  // LibTorch's own library for just this; it depends on the NVRTC of LibTorch's CUDA, wherever that lies.
  void* library = dlopen("libcaffe2_nvrtc.so", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return {};
  const bool complete = find(library, "nvrtcCreateProgram", compiler.createProgram) &&
                        find(library, "nvrtcCompileProgram", compiler.compileProgram) &&
                        find(library, "nvrtcGetCUBINSize", compiler.getCubinSize) &&
                        find(library, "nvrtcGetCUBIN", compiler.getCubin) &&
                        find(library, "nvrtcGetProgramLogSize", compiler.getLogSize) &&
                        find(library, "nvrtcGetProgramLog", compiler.getLog) &&
                        find(library, "nvrtcDestroyProgram", compiler.destroyProgram) &&
                        find(library, "nvrtcGetErrorString", compiler.getErrorString);
  return complete ? compiler : Compiler();
}

const Driver& driver() {
  static const Driver loaded = loadDriver();
  return loaded;
}

const Compiler& compiler() {
  static const Compiler loaded = loadCompiler();
  return loaded;
}

void check(DriverResult result, const std::string& what) {
  if (result == 0) return;
  const char* text = nullptr;
  driver().getErrorString(result, &text);
  throw Error(ErrorCode::Device, "The CUDA driver could not " + what + ": " +
                                     (text == nullptr ? std::to_string(result) : std::string(text)) + ".");
}

void check(CompilerResult result, const Source& source, const std::string& log) {
  if (result == 0) return;
  throw Error(ErrorCode::Device, std::string("CUDA's run-time compiler could not compile ") + source.name +
                                     ": " + compiler().getErrorString(result) + ". " + log);
}

std::string processorOf(int device) {
  int major = 0, minor = 0;
  check(driver().deviceGetAttribute(&major, kComputeCapabilityMajor, device), "tell what the GPU is");
  check(driver().deviceGetAttribute(&minor, kComputeCapabilityMinor, device), "tell what the GPU is");
  return "sm_" + std::to_string(major) + std::to_string(minor);
}

int currentDevice() {
  int device = 0;
  check(driver().ctxGetDevice(&device), "tell which GPU is in use");
  return device;
}

std::string keyOf(int device, const Source& source, const std::vector<std::string>& macros) {
  auto key = std::to_string(device) + " " + source.name;
  for (const auto& macro : macros) key += " " + macro;
  return key;
}

/// What has been compiled, of the whole process; modules stay loaded until its end.
class Modules {
 public:
  Kernel find(const Source& source, const std::vector<std::string>& macros, const char* name) {
    const int device = currentDevice();
    const auto key = keyOf(device, source, macros);
    const std::scoped_lock lock(mutex_);
    auto found = modules_.find(key);
    if (found == modules_.end()) {
      const auto code = compile(source, macros, processorOf(device));
      Module module = nullptr;
      check(driver().moduleLoadData(&module, code.data()), std::string("load ") + source.name);
      found = modules_.emplace(key, module).first;
    }
    auto& function = functions_[{found->second, name}];
    if (function == nullptr)
      check(driver().moduleGetFunction(&function, found->second, name), std::string("find kernel ") + name);
    return {function};
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Module> modules_;
  std::map<std::pair<Module, std::string>, Function> functions_;
};

}  // namespace

bool canCompile() {
  return driver().launchKernel != nullptr && compiler().compileProgram != nullptr;
}

std::vector<char> compile(const Source& source, const std::vector<std::string>& macros,
                          const std::string& processor) {
  const auto& nvrtc = compiler();
  if (nvrtc.compileProgram == nullptr)
    throw Error(ErrorCode::Device, "This build of LibTorch has no run-time compiler for CUDA.");
  Program program = nullptr;
  check(nvrtc.createProgram(&program, source.text, source.name, 0, nullptr, nullptr), source, "");
  const auto destroy = [&nvrtc](Program* handle) { nvrtc.destroyProgram(handle); };
  const std::unique_ptr<Program, decltype(destroy)> guard(&program, destroy);
  std::vector<std::string> options{"--gpu-architecture=" + processor, "--std=c++17"};
  for (const auto& macro : macros) options.push_back("--define-macro=" + macro);
  std::vector<const char*> texts;
  for (const auto& option : options) texts.push_back(option.c_str());
  const auto result = nvrtc.compileProgram(program, static_cast<int>(texts.size()), texts.data());
  std::size_t size = 0;
  nvrtc.getLogSize(program, &size);
  std::string log(size, '\0');
  if (size > 0) nvrtc.getLog(program, log.data());
  check(result, source, log);
  check(nvrtc.getCubinSize(program, &size), source, log);
  std::vector<char> code(size);
  check(nvrtc.getCubin(program, code.data()), source, log);
  return code;
}

Kernel kernel(const Source& source, const std::vector<std::string>& macros, const char* name) {
  static Modules modules;
  return modules.find(source, macros, name);
}

void launch(const Kernel& kernel, std::int64_t blocksX, std::int64_t blocksY, int threads,
            std::vector<void*> arguments) {
  const c10::impl::VirtualGuardImpl cuda(c10::kCUDA);
  const auto stream = cuda.getStream(cuda.getDevice());
  check(driver().launchKernel(kernel.function, static_cast<unsigned>(blocksX), static_cast<unsigned>(blocksY),
                              1, static_cast<unsigned>(threads), 1, 1, 0, stream.native_handle(),
                              arguments.data(), nullptr),
        "start a kernel");
}

}  // namespace c3d::cuda
