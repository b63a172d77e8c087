/** How a thread takes denormal numbers. */
#pragma once
#include <cstdint>

#if defined(__SSE2__)
#include <pmmintrin.h>
#endif

namespace selfmri {

/**
 * While this object exists, its thread takes denormal numbers as 0. TensorFlow's threads do so. All threads of
 * a kernel must give the same bits. Denormal numbers would also take a hundred times as long.
 */
class WithoutDenormals {
public:
  WithoutDenormals() : before(read()) { write(before | FLUSH); }
  ~WithoutDenormals() { write(before); }
  WithoutDenormals(const WithoutDenormals&) = delete;
  WithoutDenormals& operator=(const WithoutDenormals&) = delete;

private:
#if defined(__SSE2__)
  using Control = unsigned;
  static constexpr Control FLUSH = _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON;
  static Control read() { return _mm_getcsr(); }
  static void write(Control control) { _mm_setcsr(control); }
#elif defined(__aarch64__)
  using Control = uint64_t;
  static constexpr Control FLUSH = 1 << 24;
  static Control read() {
    Control control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return control;
  }
  static void write(Control control) { __asm__ volatile("msr fpcr, %0" : : "r"(control)); }
#else
  using Control = unsigned;
  static constexpr Control FLUSH = 0;
  static Control read() { return 0; }
  static void write(Control) {}
#endif
  const Control before;
};

}  // namespace selfmri
