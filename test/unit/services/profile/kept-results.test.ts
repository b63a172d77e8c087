import { describe, expect, it } from 'vitest'
import { keepResults } from '../../../../src/services/profile/kept-results.ts'

describe('kept results', () => {
  it('are made once, and evicted in the order of last use if they grow too large', async () => {
    const results = keepResults<string>(3, text => text.length)
    const made: string[] = []
    const get = (key: string) =>
      results.get(key, async () => {
        made.push(key)
        return 'x'
      })
    for (const key of ['a', 'b', 'c', 'a', 'd', 'a', 'b']) await get(key)
    expect(made).toEqual(['a', 'b', 'c', 'd', 'b'])
  })

  it('keep one result that is larger than the limit', async () => {
    const results = keepResults<string>(3, text => text.length)
    let made = 0
    for (const _ of [1, 2]) await results.get('a', async () => `${++made} and more`)
    expect(made).toBe(1)
  })

  it('are shared by simultaneous callers, and a failure reaches both and is not kept', async () => {
    const results = keepResults<number>(9, () => 1)
    let made = 0
    const fail = async () => {
      made++
      throw new Error('no')
    }
    const asked = [results.get('a', fail), results.get('a', fail)]
    for (const each of asked) await expect(each).rejects.toThrow('no')
    expect(made).toBe(1)
    expect(await results.get('a', async () => 5)).toBe(5)
  })

  it('tell all callers the progress, and a later caller the last progress', async () => {
    const results = keepResults<number>(9, () => 1)
    const leaving = new AbortController()
    const heard: string[] = []
    const steps = Promise.withResolvers<(done: number) => void>()
    const { promise, resolve } = Promise.withResolvers<number>()
    const get = (name: string, signal?: AbortSignal) =>
      results.get(
        'a',
        (_, onProgress) => {
          steps.resolve(done => onProgress({ done, total: 3, label: '' }))
          return promise
        },
        signal,
        ({ done, total }) => heard.push(`${name} ${done}/${total}`),
      )
    const first = get('first')
    const step = await steps.promise
    step(1)
    const left = get('left', leaving.signal)
    step(2)
    leaving.abort()
    await expect(left).rejects.toMatchObject({ code: 'CANCELLED' })
    step(3)
    resolve(7)
    expect(await first).toBe(7)
    expect(heard).toEqual(['first 1/3', 'left 1/3', 'first 2/3', 'left 2/3', 'first 3/3'])
    expect(await get('kept')).toBe(7)
    expect(heard).toHaveLength(5)
  })

  it('are cancelled when no caller waits any more, and not before', async () => {
    const results = keepResults<number>(9, () => 1)
    const callers = [new AbortController(), new AbortController()]
    let making: AbortSignal | null = null
    const make = (signal: AbortSignal) => {
      making = signal
      return new Promise<number>((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
    }
    const asked = callers.map(({ signal }) => results.get('a', make, signal))
    const refused = asked.map(each => expect(each).rejects.toMatchObject({ code: 'CANCELLED' }))
    callers[0].abort()
    expect(making!.aborted).toBe(false)
    callers[1].abort()
    expect(making!.aborted).toBe(true)
    await Promise.all(refused)
    expect(await results.get('a', async () => 1)).toBe(1)
  })
})
