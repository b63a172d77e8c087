import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  addMaskOptions,
  addSettingsOptions,
  iterationList,
  type MaskOptions,
  maskFrom,
  refuseForeign,
  type SettingsGroup,
  settingsFrom,
} from '../../../src/cli/options.ts'
import { addMethodOption, addRecipeOptions, PRETRAINING_SETTINGS } from '../../../src/cli/recipe-choice.ts'
import { TuningRequest } from '../../../src/contract/tuning.ts'
import { METHODS, methodOf } from '../../../src/services/runs/catalogue.ts'

/** Two schemas that use one name for different settings. */
const A = z.object({
  blur: z.number().min(0).max(1).default(0.5).describe('probability'),
  how: z.enum(['one', 'two']).default('one'),
  minimumArea: z.number().default(1),
})
const B = z.object({
  blur: z.boolean().default(true).describe('whether'),
  how: z.enum(['three', 'four']).default('three'),
  queue: z.int().min(0).default(0),
})
const groups: readonly SettingsGroup[] = [
  { heading: 'A:', schema: A, standards: { blur: 0.25, how: 'two', minimumArea: 1 } },
  { heading: 'B:', schema: B },
]

function parse(...args: string[]): Record<string, unknown> {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  addSettingsOptions(command, groups)
  return command.parse(args, { from: 'user' }).opts()
}

const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })

describe('settings of several methods with one name', () => {
  it('are one option, which the chosen method reads', () => {
    const options = parse('--blur', '0.75', '--how', 'two')
    expect(settingsFrom(A, options)).toEqual({ blur: 0.75, how: 'two', minimumArea: 1 })
    expect(() => settingsFrom(B, options)).toThrow(refused(/^--blur: .*boolean.*\n--how: .*three/))
    expect(settingsFrom(B, parse('--blur', 'no', '--queue', '12'))).toEqual({ blur: false, how: 'three', queue: 12 })
    expect(() => settingsFrom(A, parse('--blur', 'no'))).toThrow(refused(/^--blur: .*number/))
    expect(() => settingsFrom(A, parse('--blur', '2'))).toThrow(refused(/^--blur: /))
    expect(() => settingsFrom(A, parse('--minimum-area', ''))).toThrow(refused(/^--minimum-area: /))
  })

  it('come from the recipe if they are not given, and unknown settings are ignored', () => {
    const recipe = { blur: 0.1, how: 'two', minimumArea: 0.3, queue: 7 }
    expect(settingsFrom(A, parse('--blur', '0'), recipe)).toEqual({ blur: 0, how: 'two', minimumArea: 0.3 })
  })

  it('are listed under the heading of each method, with its description', () => {
    const command = new Command()
    addSettingsOptions(command, groups)
    const [a, b] = command.helpInformation().split('B:')
    expect(a).toMatch(/A:\n\s+--blur <n>\s+probability \(default: 0\.25\)/)
    expect(b).toMatch(/--blur <yes\|no>\s+whether \(default: the recipe’s\)/)
    expect(b).toMatch(/--how <word>\s+\(three, four\)/)
  })

  it('are refused if they belong to another method than the chosen one', () => {
    const refuse = (options: Record<string, unknown>) => refuseForeign(options, { all: groups, chosen: [A], of: 'A' })
    expect(() => refuse(parse('--blur', '1', '--how', 'one'))).not.toThrow()
    expect(() => refuse(parse('--queue', '3'))).toThrow(refused(/^--queue: A has no such setting$/))
  })
})

describe('the settings of every method and network', () => {
  const command = addRecipeOptions(addMethodOption(new Command().exitOverride()), 'workstation')
  addSettingsOptions(command, PRETRAINING_SETTINGS)

  it('are all listed', () => {
    const help = command.helpInformation()
    const headings = PRETRAINING_SETTINGS.map(({ heading }) => heading)
    const there = headings.filter(heading => help.includes(`\n${heading}\n`))
    expect(headings.filter(heading => !there.includes(heading))).toEqual([
      expect.stringContaining(METHODS['subsample-again'].label), // This method has no settings.
    ])
    const places = there.map(heading => help.indexOf(`\n${heading}\n`))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(help).toMatch(/--patch-weight <n>/)
    expect(help.match(/--temperature <n>/g)).toHaveLength(3)
  })

  it('are parsed to the values that the method takes', () => {
    const options = command
      .parse(['--method', 'swav', '--large', '32', '--flip', 'no', '--attach', 'bottleneck'], { from: 'user' })
      .opts()
    const { methodConfig } = METHODS.swav.recipes.workstation
    expect(settingsFrom(methodOf('swav').config, options, methodConfig)).toMatchObject({
      ...methodConfig,
      large: 32,
      flip: false,
      attach: 'bottleneck',
    })
  })
})

describe('the options of a mask', () => {
  const maskOf = (...args: string[]) => {
    const command = addMaskOptions(new Command().exitOverride().configureOutput({ writeErr: () => {} }))
    return maskFrom(command.parse(args, { from: 'user' }).opts<MaskOptions>())
  }

  it('are one pair, or several', () => {
    expect(JSON.stringify(maskOf())).toBe('{"kind":"random","acceleration":4,"centerFraction":0.08}')
    expect(maskOf('--mask', 'gaussian_2d', '--acceleration', '6')).toEqual({
      kind: 'gaussian_2d',
      acceleration: 6,
      centerFraction: 0.08,
    })
    expect(maskOf('--acceleration', '4,8', '--center-fraction', '0.08,0.04')).toEqual({
      kind: 'random',
      acceleration: 4,
      centerFraction: 0.08,
      alternatives: [{ acceleration: 8, centerFraction: 0.04 }],
    })
  })

  it.each([
    [['--acceleration', '4,8'], /^--center-fraction: expected 2, one for each acceleration, got 1/],
    [['--acceleration', '0.5'], /^--acceleration: /],
    [['--mask', 'spiral'], /^--mask: expected random, .* or a mask file \(.npy\), got spiral/],
    [['--mask', 'M.NPY', '--acceleration', '8'], /^--acceleration: a mask file has an acceleration of its own/],
  ])('are refused if they contradict each other: %j', (args, message) => {
    expect(() => maskOf(...args)).toThrow(refused(message))
  })
})

it('--iterations of a tuning takes at most 8 numbers from 1 to 1000, as the request does', () => {
  const numbers = [1, 2, 3, 5, 8, 13, 21, 1000]
  expect(iterationList(numbers.join())).toEqual(numbers)
  const request = { study: 1, classical: 'cg-sense', mask: {} }
  expect(TuningRequest.parse({ ...request, iterations: numbers }).iterations).toEqual(numbers)
  for (const bad of [[...numbers, 34], [0], [1001]]) {
    expect(() => iterationList(bad.join())).toThrow('Expected at most 8 numbers from 1 to 1000.')
    expect(TuningRequest.safeParse({ ...request, iterations: bad }).success).toBe(false)
  }
})
