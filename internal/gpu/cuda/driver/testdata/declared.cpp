// Prints what NVIDIA's headers declare of the names in list.inc, which
// declared_test.go writes.
// The names as they are, not as the headers' macros make them.
#define __CUDA_API_VERSION_INTERNAL 1
#define NVML_NO_UNVERSIONED_FUNC_DEFS 1
#include <cstddef>
#include <cstdio>
#include <string>
#include <type_traits>

#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda.h>
#include <nvml.h>
#include <nvrtc.h>

template <class T, class = void> struct bytes { static std::string text() { return "?"; } };
template <class T> struct bytes<T, std::void_t<decltype(sizeof(T))>> { static std::string text() { return std::to_string(sizeof(T)); } };
template <> struct bytes<void> { static std::string text() { return "?"; } };

template <class T> std::string size() {
  if constexpr (std::is_pointer_v<T>) return "*" + bytes<std::remove_cv_t<std::remove_pointer_t<T>>>::text();
  else if constexpr (std::is_floating_point_v<T>) return "f" + bytes<T>::text();
  else return bytes<T>::text();
}

template <class T> struct arguments;
template <class R, class... A> struct arguments<R(A...)> {
  static void print(const char *name) {
    std::string text = name;
    ((text += " " + size<A>()), ...);
    std::puts(text.c_str());
  }
};

#define FUNCTION(f) arguments<decltype(f)>::print(#f);
#define CONSTANT(c) std::printf("%s %lld\n", #c, (long long)(c));

int main() {
#include "list.inc"
}
