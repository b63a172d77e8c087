import { beforeAll, describe, expect, it, vi } from 'vitest'
import { CLASSICAL_IDS } from '../../../../../src/contract/classical.ts'
import { conjugateGradients } from '../../../../../src/core/mri/sense/conjugate-gradients.ts'
import { adjoint, forward, type LeastSquares, leastSquares } from '../../../../../src/core/mri/sense/encoding.ts'
import { type ClassicalMethod, classicalMethod, reconstructClassical } from '../../../../../src/core/mri/sense/index.ts'
import { type Iterates, solve } from '../../../../../src/core/mri/sense/iterates.ts'
import { l1Wavelet } from '../../../../../src/core/mri/sense/l1-wavelet.ts'
import { totalVariation } from '../../../../../src/core/mri/sense/total-variation.ts'
import { makeWavelet } from '../../../../../src/core/mri/sense/wavelet.ts'
import { compute, useEngine } from '../../../../engine.ts'
import { expectClose } from '../../../../golden.ts'
import { after, energy, floats, goldenEncoding, goldenProblem, magnitudes, minus, noise, vectors } from './slices.ts'

beforeAll(useEngine)

/** ½ |A x − y|². */
const misfit = (image: Float32Array) =>
  energy(minus(forward(goldenEncoding(), image, compute().fourier), floats('kspace'))) / 2

const nmse = (image: Float32Array) => energy(minus(image, floats('image_true'))) / energy(floats('image_true'))

describe.each([0, 0.01])('CG-SENSE with λ = %d', lambda => {
  const COUNTS = [1, 2, 5, 10, 30]
  const iterates = () => conjugateGradients(goldenProblem(), lambda)
  const at = (name: string) => `cg.lambda${lambda}.${name}`

  it('gives SciPy’s iterates, with their distances to the truth', async () => {
    for (const [i, count] of COUNTS.entries()) {
      const image = await after(iterates(), count)
      expectClose(image, vectors.array(at(`x${count}`)).data, count <= 10 ? 1e-5 : 1e-4)
      expect(nmse(image)).toBeCloseTo(vectors.scalars(at('nmse'))[i], 5)
    }
  })

  it('gives SciPy’s residuals', () => {
    const { adjoint, normal } = goldenProblem()
    const found: number[] = []
    const product = new Float32Array(adjoint.length)
    for (const image of iterates()) {
      normal(image, product)
      found.push(
        Math.sqrt(
          energy(
            minus(
              adjoint,
              product.map((value, i) => value + lambda * image[i]),
            ),
          ),
        ),
      )
      if (found.length === 30) break
    }
    expectClose(found, vectors.array(at('residual_norms')).data, 1e-5)
  })

  it('reaches the solution of the dense equations', async () => {
    expectClose(await after(iterates(), 200), vectors.array(at('exact')).data, 1e-3)
  })
})

describe('one coil with a map of ones', () => {
  const problem = () => {
    const [rows, columns] = [31, 26]
    const maps = new Float32Array(2 * rows * columns).map((_, i) => 1 - (i % 2))
    const mask = Uint8Array.from({ length: columns }, (_, column) => Number(column % 3 === 1))
    return leastSquares({ sizes: [1, rows, columns], maps, mask }, noise(maps.length), compute().fourier, 'a test')
  }

  it('CG-SENSE gives the zero-filled image, also after many iterations', async () => {
    const { adjoint } = problem()
    for (const count of [1, 2, 500]) expectClose(await after(conjugateGradients(problem(), 0), count), adjoint, 2e-6)
    expectClose(
      await after(conjugateGradients(problem(), 0.25), 20),
      adjoint.map(value => value / 1.25),
      2e-6,
    )
  })

  it('priors without weight give the zero-filled image', async () => {
    const { adjoint } = problem()
    const settings = { lambda: 0, wavelet: 'db4', levels: 2 } as const
    expectClose(await after(l1Wavelet(problem(), settings), 20), adjoint, 1e-4)
    expectClose(await after(totalVariation(problem(), 0), 30), adjoint, 1e-5)
  })
})

describe('l1-wavelet', () => {
  const { lambda } = vectors.params.fista as { lambda: number }
  const settings = { lambda, wavelet: 'haar', levels: 3 } as const
  const objective = (image: Float32Array) => {
    const coefficients = image.slice()
    makeWavelet('haar', 3, [32, 24]).forward(coefficients)
    return misfit(image) + lambda * magnitudes(coefficients)
  }

  it('gives the iterates and objectives of FISTA in double precision', async () => {
    const expected = vectors.array('fista.objective').data
    for (const [i, count] of [1, 2, 10, 50, 400].entries()) {
      const image = await after(l1Wavelet(goldenProblem(), settings), count)
      expectClose(image, vectors.array(`fista.x${count}`).data, 2e-5)
      expect(objective(image) / expected[i]).toBeCloseTo(1, 5)
    }
    const last = await after(l1Wavelet(goldenProblem(), settings), 400)
    expect(nmse(last)).toBeCloseTo(vectors.scalars('fista.nmse')[0], 5)
  })

  it('finds the minimum for sizes that the levels do not divide', async () => {
    // 5 levels need 32 × 32 pixels. The problem of all these pixels z, of which the first 24 columns are measured:
    const settings = { lambda, wavelet: 'haar', levels: 5 } as const
    const problem = goldenProblem()
    const pad = (x: Float32Array) =>
      Float32Array.from({ length: 2 * 32 * 32 }, (_, i) => (i % 64 < 48 ? x[48 * Math.floor(i / 64) + (i % 64)] : 0))
    const cut = (z: Float32Array) => z.filter((_, i) => i % 64 < 48)
    const product = new Float32Array(problem.adjoint.length)
    const wide: LeastSquares = {
      ...problem,
      shape: [32, 32],
      adjoint: pad(problem.adjoint),
      normal: (z, result) => {
        problem.normal(cut(z), product)
        result.set(pad(product))
      },
    }
    const coefficientsOf = (z: Float32Array) => {
      const coefficients = z.slice()
      makeWavelet('haar', 5, [32, 32]).forward(coefficients)
      return coefficients
    }
    /** ½|y − A x|² + λ|W z|₁ over a lower bound of its minimum, ⟨y, u⟩ − ½|u|² with |W Aᴴ u| ≤ λ, less 1. */
    const gap = async (count: number) => {
      const z = await after(l1Wavelet(wide, settings), count)
      const x = await after(l1Wavelet(goldenProblem(), settings), count)
      expectClose(x, cut(z), 1e-6)
      const y = floats('kspace')
      const rest = Float32Array.from(minus(y, forward(goldenEncoding(), x, compute().fourier)))
      const along = coefficientsOf(pad(adjoint(goldenEncoding(), rest, compute().fourier)))
      const largest = along.reduce(
        (most, value, i) => (i % 2 ? Math.max(most, Math.hypot(along[i - 1], value)) : most),
        0,
      )
      const share = Math.min(1, lambda / largest)
      const bound = share * rest.reduce((sum, value, i) => sum + value * y[i], 0) - (share ** 2 * energy(rest)) / 2
      return (misfit(x) + lambda * magnitudes(coefficientsOf(z))) / bound - 1
    }
    expect(await gap(10)).toBeGreaterThan(1e-3)
    expect(Math.abs(await gap(3000))).toBeLessThan(1e-4)
  })
})

describe('total variation', () => {
  const { lambda } = vectors.params.tv as { lambda: number }
  const objective = (x: Float32Array) => {
    const [height, width] = [32, 24]
    const at = (row: number, column: number, part: number) =>
      x[2 * (((row + height) % height) * width + ((column + width) % width)) + part]
    const differences = (rows: number, columns: number) =>
      Array.from({ length: x.length }, (_, i) => {
        const [row, column, part] = [Math.floor(i / (2 * width)), (i >> 1) % width, i % 2]
        return at(row, column, part) - at(row - rows, column - columns, part)
      })
    return misfit(x) + lambda * (magnitudes(differences(1, 0)) + magnitudes(differences(0, 1)))
  }

  it('reaches the minimum of SigPy', async () => {
    const image = await after(totalVariation(goldenProblem(), lambda), 500)
    expect(objective(image) / vectors.scalar('tv.objective')).toBeCloseTo(1, 4)
    expect(objective(image) / vectors.scalar('tv.sigpy_objective')).toBeCloseTo(1, 4)
    const expected = floats('tv.x')
    expect(Math.sqrt(energy(minus(image, expected)) / energy(expected))).toBeLessThan(1e-3)
    expect(nmse(image)).toBeCloseTo(vectors.scalar('tv.nmse'), 4)
    expect(objective(expected) / vectors.scalar('tv.objective')).toBeCloseTo(1, 6)
  })
})

const IDS = CLASSICAL_IDS
const solving = { pause: async () => {} }

describe.each(IDS)('%s', id => {
  const scaled = (factor: number): LeastSquares =>
    leastSquares(
      goldenEncoding(),
      floats('kspace').map(value => factor * value),
      compute().fourier,
      'slice 3 of knee.h5',
    )
  const short = id === 'sense' ? {} : { iterations: 5 }

  it('scales its image with the k-space, also where squares leave float32', async () => {
    const expected = await reconstructClassical(id, short, scaled(1), solving)
    for (const factor of [2 ** -60, 2 ** 60]) {
      const found = await reconstructClassical(id, short, scaled(factor), solving)
      expectClose(
        found.map(value => value / factor),
        expected,
        1e-6,
      )
    }
  })

  it('gives zeros for a slice of zeros, and for maps of zeros', async () => {
    const { sizes, maps, mask } = goldenEncoding()
    const { fourier } = compute()
    for (const [kspace, these] of [
      [new Float32Array(maps.length), maps],
      [floats('kspace'), new Float32Array(maps.length)],
    ]) {
      const problem = leastSquares({ sizes, maps: these, mask }, kspace, fourier, 'a test')
      expect((await reconstructClassical(id, short, problem, solving)).every(value => value === 0)).toBe(true)
    }
  })

  it.skipIf(id === 'sense')('refuses numbers that exceed float32', async () => {
    const normal = (_: Float32Array, result: Float32Array) => void result.fill(Number.POSITIVE_INFINITY)
    await expect(reconstructClassical(id, short, { ...scaled(1), normal }, solving)).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringContaining('slice 3 of knee.h5'),
    })
  })

  it('works with its default settings, with one coil, odd sizes and points', async () => {
    const [rows, columns] = [21, 19]
    const maps = new Float32Array(2 * rows * columns).map((_, i) => 1 - (i % 2))
    const mask = Uint8Array.from({ length: rows * columns }, (_, i) => Number(i % 3 > 0))
    const problem = leastSquares(
      { sizes: [1, rows, columns], maps, mask },
      noise(maps.length),
      compute().fourier,
      'a test',
    )
    const image = await reconstructClassical(id, {}, problem, solving)
    expect(image.length).toBe(rows * columns)
    expect(Math.max(...image)).toBeGreaterThan(0.1)
  })
})

describe('a solver', () => {
  const forever = (): Iterates => conjugateGradients(goldenProblem(), 0.01)

  it('pauses before each iteration, and reports each', async () => {
    const events: string[] = []
    await solve(forever(), 3, {
      pause: async () => void events.push('pause'),
      onIteration: (done, image) => void events.push(`${done} of ${image.length}`),
    })
    expect(events).toEqual(['pause', '1 of 1536', 'pause', '2 of 1536', 'pause', '3 of 1536'])
  })

  it('ends as soon as it is cancelled', async () => {
    let pauses = 0
    const cancelled = solve(forever(), 100, {
      pause: async () => {
        if (++pauses === 4) throw new Error('cancelled')
      },
    })
    await expect(cancelled).rejects.toThrow('cancelled')
    expect(pauses).toBe(4)
  })

  it('gives an array that later iterations do not change', async () => {
    const iterates = forever()
    const image = await after(iterates, 1)
    const before = image.slice()
    await after(iterates, 1)
    expect(image).toEqual(before)
  })

  it.each(IDS)('of %s allocates no image per iteration', id => {
    // biome-ignore lint/suspicious/noExplicitAny: each method has a configuration of its own
    const { iterates, config }: ClassicalMethod<any> = classicalMethod(id)
    const made: unknown[] = []
    const counted = (Kind: typeof Float32Array) =>
      new Proxy(Kind, {
        construct(target, given) {
          made.push(given)
          return Reflect.construct(target, given)
        },
      })
    const solver = iterates(goldenProblem(), config.parse({}))
    const image = solver.next().value
    vi.stubGlobal('Float32Array', counted(Float32Array))
    for (let i = 0; i < 5; i++) expect(solver.next().value).toBe(image)
    vi.unstubAllGlobals()
    expect(made).toEqual([])
  })
})
