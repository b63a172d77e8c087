/**
 * Random numbers as NumPy's legacy `RandomState` draws them. With equal seeds, masks equal fastMRI's masks bit for bit.
 * Generator: MT19937 (Matsumoto & Nishimura 1998, "Mersenne Twister", with the 2002 initialisation).
 */
import { AppError } from '../../contract/errors.ts'

const SIZE = 624
const SHIFT = 397

export class RandomState {
  readonly #state = new Uint32Array(SIZE)
  #next = SIZE
  #spareNormal: number | null = null

  private constructor() {}

  /** `RandomState(seed)`: an integer in [0, 2³²). */
  static fromSeed(seed: number): RandomState {
    const random = new RandomState()
    random.#seedWithWord(expectInteger('seed', seed, 2 ** 32))
    return random
  }

  /** `RandomState(key)`: any number of integers in [0, 2³²), as fastMRI passes the character codes of a file name. */
  static fromKey(key: readonly number[]): RandomState {
    if (key.length === 0)
      throw new AppError('INVALID_ARGUMENT', 'Expected a random key of one number or more, got none')
    for (const word of key) expectInteger('a word of a random key', word, 2 ** 32)
    const random = new RandomState()
    random.#seedWithKey(key)
    return random
  }

  /** The next 32 random bits. */
  word(): number {
    if (this.#next === SIZE) this.#refill()
    let word = this.#state[this.#next++]
    word ^= word >>> 11
    word ^= (word << 7) & 0x9d2c5680
    word ^= (word << 15) & 0xefc60000
    word ^= word >>> 18
    return word >>> 0
  }

  /** Uniform over [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.word() >>> 5
    const low = this.word() >>> 6
    return (high * 2 ** 26 + low) / 2 ** 53
  }

  /** Uniform over 0 … n − 1, `n` ≤ 2³². Draws words, cut to the bits of n − 1, until a word fits; none for n = 1. */
  randint(n: number): number {
    const largest = expectInteger('the number of choices', n, 2 ** 32 + 1) - 1
    if (largest < 0) throw new AppError('INVALID_ARGUMENT', 'Expected at least one choice to draw from, got 0')
    if (largest === 0) return 0
    const bits = 0xffffffff >>> Math.clz32(largest)
    for (;;) {
      const draw = (this.word() & bits) >>> 0
      if (draw <= largest) return draw
    }
  }

  /** Standard normal by Marsaglia's polar method. Pairs come in the order of NumPy's `standard_normal`. */
  normal(): number {
    if (this.#spareNormal !== null) {
      const spare = this.#spareNormal
      this.#spareNormal = null
      return spare
    }
    for (;;) {
      const first = 2 * this.uniform() - 1
      const second = 2 * this.uniform() - 1
      const squared = first * first + second * second
      if (squared >= 1 || squared === 0) continue
      const scale = Math.sqrt((-2 * Math.log(squared)) / squared)
      this.#spareNormal = scale * first
      return scale * second
    }
  }

  /** A random order of 0 … n − 1 (Fisher–Yates from the end, as `RandomState.permutation`). */
  shuffle(n: number): number[] {
    const order = Array.from({ length: n }, (_, index) => index)
    for (let last = n - 1; last > 0; last--) {
      const chosen = this.randint(last + 1)
      const moved = order[last]
      order[last] = order[chosen]
      order[chosen] = moved
    }
    return order
  }

  #seedWithWord(seed: number): void {
    const state = this.#state
    state[0] = seed
    for (let i = 1; i < SIZE; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i
    this.#next = SIZE
  }

  #seedWithKey(key: readonly number[]): void {
    this.#seedWithWord(19650218)
    const state = this.#state
    let i = 1
    const mix = (multiplier: number, added: number) => {
      state[i] = (state[i] ^ Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), multiplier)) + added
      i++
      if (i === SIZE) {
        state[0] = state[SIZE - 1]
        i = 1
      }
    }
    for (let step = 0; step < Math.max(SIZE, key.length); step++) {
      const j = step % key.length
      mix(1664525, key[j] + j)
    }
    for (let step = 1; step < SIZE; step++) mix(1566083941, -i)
    state[0] = 0x80000000
  }

  #refill(): void {
    const state = this.#state
    for (let i = 0; i < SIZE; i++) {
      const joined = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff)
      state[i] = state[(i + SHIFT) % SIZE] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0)
    }
    this.#next = 0
  }
}

/**
 * A separate stream for every (seed, purpose, indices), e.g. `stream(seed, 'mask', epoch, slice)`. Draws of one purpose
 * never shift the draws of another purpose. A resumed run therefore draws what the unbroken run would have drawn.
 * A key states its own length: numbers as two words, the text after its length, the number of indices first.
 * No key is thus the beginning of another key. MT19937 repeats a short key cyclically, so such keys could coincide.
 */
export function stream(seed: number, purpose: string, ...indices: number[]): RandomState {
  const codes = Array.from({ length: purpose.length }, (_, index) => purpose.charCodeAt(index))
  return RandomState.fromKey([indices.length, ...twoWords(seed), codes.length, ...codes, ...indices.flatMap(twoWords)])
}

function twoWords(value: number): [low: number, high: number] {
  expectInteger('a seed or index of a random stream', value, 2 ** 53)
  return [value >>> 0, Math.floor(value / 2 ** 32)]
}

function expectInteger(what: string, value: number, below: number): number {
  if (Number.isInteger(value) && value >= 0 && value < below) return value
  throw new AppError('INVALID_ARGUMENT', `Expected ${what} to be an integer from 0 to ${below - 1}, got ${value}`)
}
