/** Comparing coil maps, which are defined up to one phase per pixel. */

/** 1 − |⟨a, b⟩| / (‖a‖ ‖b‖) of each pixel. @param a, b [coils, pixels, 2] */
export function angles(a: ArrayLike<number>, b: ArrayLike<number>, coils: number): Float64Array {
  const pixels = a.length / (2 * coils)
  return Float64Array.from({ length: pixels }, (_, pixel) => {
    let [re, im, squareA, squareB] = [0, 0, 0, 0]
    for (let coil = 0; coil < coils; coil++) {
      const i = 2 * (coil * pixels + pixel)
      re += a[i] * b[i] + a[i + 1] * b[i + 1]
      im += a[i + 1] * b[i] - a[i] * b[i + 1]
      squareA += a[i] ** 2 + a[i + 1] ** 2
      squareB += b[i] ** 2 + b[i + 1] ** 2
    }
    return 1 - Math.hypot(re, im) / Math.sqrt(squareA * squareB)
  })
}

export const meanOf = (x: Float64Array): number => x.reduce((sum, value) => sum + value, 0) / x.length
export const largestOf = (x: Float64Array): number => x.reduce((most, value) => Math.max(most, value), 0)
