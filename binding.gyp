# The same addon as CMakeLists.txt builds, for those whose tools expect node-gyp: `npm run build:gyp` checks it.
{
  'variables': {
    'libtorch%': '<!(node scripts/setup.mjs --print-libtorch)',
    'ffmpeg_packages': 'libavformat libavcodec libavutil libswscale',
    # libavformat 58.76 is FFmpeg 4.4.
    'with_ffmpeg%': '<!(pkg-config --exists "libavformat >= 58.76" <(ffmpeg_packages) && echo 1 || echo 0)',
    'with_jpeg%': '<!(pkg-config --exists libjpeg && echo 1 || echo 0)',
    'with_png%': '<!(pkg-config --exists libpng && echo 1 || echo 0)',
  },
  'target_defaults': {
    'include_dirs': ['native'],
    # LibTorch needs exceptions, run-time type information and C++20; Node's defaults have none of them.
    'cflags_cc!': ['-fno-rtti', '-fno-exceptions', '-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': ['-std=c++20', '-Wno-restrict', '-Wno-stringop-overflow', '-Wno-array-bounds'],
    'cflags!': ['-fno-exceptions'],
    'xcode_settings': {
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_ENABLE_CPP_RTTI': 'YES',
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
      'MACOSX_DEPLOYMENT_TARGET': '12.0',
    },
  },
  'targets': [
    {
      # Sees no LibTorch headers; see CMakeLists.txt.
      'target_name': 'c3d_video',
      'type': 'static_library',
      'sources': ['<!@(node scripts/setup/list-sources.mjs core/video)'],
      'conditions': [
        ['with_jpeg==1', {
          'defines': ['C3D_WITH_JPEG'],
          'cflags_cc': ['<!@(pkg-config --cflags libjpeg)'],
          'link_settings': {'libraries': ['<!@(pkg-config --libs libjpeg)']},
        }],
        ['with_png==1', {
          'defines': ['C3D_WITH_PNG'],
          'cflags_cc': ['<!@(pkg-config --cflags libpng)'],
          'link_settings': {'libraries': ['<!@(pkg-config --libs libpng)']},
        }],
      ],
    },
    {
      'target_name': 'torch_c3d',
      'dependencies': ['c3d_video'],
      'sources': [
        '<!@(node scripts/setup/list-sources.mjs core --without core/video)',
        '<!@(node scripts/setup/list-sources.mjs addon)',
      ],
      'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
      # -isystem, because their warnings are not this project's.
      'cflags_cc': [
        '-isystem', '<(libtorch)/include',
        '-isystem', '<(libtorch)/include/torch/csrc/api/include',
      ],
      'xcode_settings': {
        'OTHER_CFLAGS': [
          '-isystem', '<(libtorch)/include',
          '-isystem', '<(libtorch)/include/torch/csrc/api/include',
        ],
      },
      'defines': ['_GLIBCXX_USE_CXX11_ABI=1'],
      'libraries': ['-L<(libtorch)/lib', '-ltorch', '-ltorch_cpu', '-lc10', '-Wl,-rpath,<(libtorch)/lib'],
      'conditions': [
        ['OS=="linux"', {
          # For core/runtime/parallel.cpp; see CMakeLists.txt.
          'cflags_cc': ['-fopenmp'],
          # It stays loaded; see CMakeLists.txt.
          'libraries': ['-Wl,-z,nodelete'],
          'variables': {'cuda': '<!(test -e <(libtorch)/lib/libtorch_cuda.so && echo 1 || echo 0)'},
          'conditions': [
            # Nothing refers to libtorch_cuda by name; see cmake/LibTorch.cmake.
            ['cuda==1', {'libraries': ['-Wl,--no-as-needed', '-ltorch_cuda', '-lc10_cuda']}],
          ],
        }],
      ],
    },
  ],
  'conditions': [
    ['with_ffmpeg==1', {
      'targets': [
        {
          'target_name': 'c3d_ffmpeg',
          'type': 'loadable_module',
          'product_prefix': '',
          # Here, because node-gyp gives every module the extension .node in its own target_conditions.
          'target_conditions': [['1==1', {'product_extension': 'so'}]],
          'sources': ['<!@(node scripts/setup/list-sources.mjs ffmpeg)'],
          'cflags_cc': ['<!@(pkg-config --cflags <(ffmpeg_packages))'],
          'libraries': ['<!@(pkg-config --libs <(ffmpeg_packages))'],
        },
      ],
    }],
  ],
}
