/** Cholesky factors of Hermitian positive definite matrices. Source: Golub & Van Loan, Matrix Computations, 4.2. */

/** Lower triangular L with L Lᴴ = Ψ, [coils, coils, 2]. */
export function cholesky(covariance: Float64Array): Float64Array {
  const coils = Math.sqrt(covariance.length / 2)
  const lower = new Float64Array(covariance.length)
  for (let row = 0; row < coils; row++) {
    for (let column = 0; column <= row; column++) {
      const at = 2 * (row * coils + column)
      let [re, im] = [covariance[at], covariance[at + 1]]
      for (let k = 0; k < column; k++) {
        const [a, b] = [2 * (row * coils + k), 2 * (column * coils + k)]
        re -= lower[a] * lower[b] + lower[a + 1] * lower[b + 1]
        im -= lower[a + 1] * lower[b] - lower[a] * lower[b + 1]
      }
      const pivot = row === column ? Math.sqrt(re) : lower[2 * (column * coils + column)]
      lower[at] = row === column ? pivot : re / pivot
      lower[at + 1] = row === column ? 0 : im / pivot
    }
  }
  return lower
}
