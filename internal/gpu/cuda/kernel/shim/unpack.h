#ifndef TURNO_SHIM_UNPACK_H
#define TURNO_SHIM_UNPACK_H
// unpack calls a kernel with its arguments from a packed buffer.
template <class T> static T take(const u8 *&p) {
  p = (const u8 *)(((u64)p + sizeof(T) - 1) / sizeof(T) * sizeof(T));
  T v = *(const T *)p;
  p += sizeof(T);
  return v;
}
template <auto f> struct unpack;
template <class... A, void (*f)(A...)> struct unpack<f> {
  template <class... B> static void with(const u8 *&p, B... b) {
    if constexpr (sizeof...(B) == sizeof...(A)) f(b...);
    else next<sizeof...(B), A...>(p, b...);
  }
  template <int n, class First, class... Rest, class... B> static void next(const u8 *&p, B... b) {
    if constexpr (n == 0) with(p, b..., take<First>(p));
    else next<n - 1, Rest...>(p, b...);
  }
  static void call(const u8 *p) { with(p); }
};

struct shim_kernel { const char *name; void (*call)(const u8 *); };
#endif
