/** What a training's gradients must be, for tests. */
import { expect } from 'vitest'
import type { ParameterSpec, Parameters } from '../src/core/models/network.ts'

/** Expects finite gradients that are not zero for each learned parameter, and zero for each buffer. */
export function expectLiveGradients(gradients: Parameters, specs: readonly ParameterSpec[]): void {
  for (const { name, buffer } of specs) {
    const values = Array.from(gradients[name].dataSync())
    expect(values.every(Number.isFinite), name).toBe(true)
    expect(
      values.some(each => each !== 0),
      name,
    ).toBe(!buffer)
  }
}
