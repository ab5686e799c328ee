# Finds what Hadal is built on. Everything but LibTorch comes from the system's packages.
find_package(Python3 COMPONENTS Interpreter)
# `make setup` installs LibTorch in .venv; one that Torch_DIR or CMAKE_PREFIX_PATH names comes first.
file(GLOB HADAL_VENV_TORCH "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
find_package(Torch 2.11 QUIET HINTS ${HADAL_VENV_TORCH})
if(NOT Torch_FOUND)
  message(FATAL_ERROR
    "LibTorch >= 2.11 was not found. Run `make setup`, which installs it in .venv, or set "
    "Torch_DIR or CMAKE_PREFIX_PATH to an existing LibTorch (the folder with TorchConfig.cmake).")
endif()
# A CUDA LibTorch asks for all GPUs that it knows of; HadalCuda.cmake has chosen ours.
set(CMAKE_CUDA_ARCHITECTURES "${HADAL_CUDA_ARCHITECTURES}")
set(CMAKE_CUDA_FLAGS "${HADAL_CUDA_FLAGS}")
if(HADAL_CUDA AND NOT TORCH_CUDA_LIBRARIES)
  message(FATAL_ERROR
    "HADAL_CUDA is on, but the LibTorch at ${TORCH_INSTALL_PREFIX} is a CPU build. "
    "Point Torch_DIR at a CUDA LibTorch, or configure with -DHADAL_CUDA=OFF.")
endif()
find_package(nlohmann_json 3.10 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED)  # its headers alone: Asio and Beast
# at::parallel_for is a loop on one thread in sources that are compiled without OpenMP. (Clang may
# come without a runtime; ThreadSanitizer does not see the barriers of GCC's.)
if(NOT HADAL_SANITIZE MATCHES "thread")
  find_package(OpenMP COMPONENTS CXX)
  if(NOT OpenMP_CXX_FOUND)
    message(WARNING "OpenMP was not found: Hadal's own kernels will run on one thread.")
  endif()
endif()
# LibTorch has gloo inside, but not its headers; Debian's libgloo-dev has.
find_path(HADAL_GLOO_INCLUDE_DIR gloo/rendezvous/store.h)
if(NOT HADAL_GLOO_INCLUDE_DIR)
  message(WARNING "gloo's headers were not found: this build will not train or serve with several "
    "processes. Install libgloo-dev, or set HADAL_GLOO_INCLUDE_DIR.")
endif()
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET GLOBAL libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET GLOBAL libutf8proc)
if(HADAL_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
