/**
 * The cases of test/fixtures/cases: small copies of inputs that broke other programs. Each variant does what its
 * right.json says, on a copy of its files in a new profile. It prints one line: right value, found value, pass or FAIL.
 *
 * The command line runs in this process. Each call evaluates its main file anew, with its own arguments, output and
 * exit code. Engine processes are real, but serve many calls, because starting them took most of the time.
 */
import { createHash } from 'node:crypto'
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { createORPCClient, ORPCError } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import { afterAll, expect, it, vi } from 'vitest'
import type { contract } from '../../src/contract/api.ts'
import type { ErrorCode } from '../../src/contract/errors.ts'
import type { Evaluation, Metrics } from '../../src/contract/evaluation.ts'
import type { SkippedFile } from '../../src/contract/volumes.ts'
import type { Engine } from '../../src/engine/process/client.ts'
import { createHandler } from '../../src/services/http/handler.ts'
import { openServices } from '../../src/services/open.ts'

vi.stubEnv('SELF_MRI_EAGER', '1') // Recording a graph takes longer than these short trainings.

vi.mock(import('../../src/engine/process/client.ts'), async importOriginal => {
  const original = await importOriginal()
  const kept = new Map<string, Engine>()
  afterAll(() => {
    for (const engine of kept.values()) engine.dispose()
  })
  const startEngine: typeof original.startEngine = (installed, options) => {
    const key = JSON.stringify([installed?.binding, options])
    const alive = kept.get(key)
    const engine = alive && !alive.dead ? alive : original.startEngine(installed, options)
    kept.set(key, engine)
    return lend(engine)
  }
  return { ...original, startEngine }
})

/** An engine whose `dispose` does not end the process, so that the next call can use the process. */
function lend(engine: Engine): Engine {
  let returned = false
  return {
    pid: engine.pid,
    get dead() {
      return returned || engine.dead
    },
    call: (name, params, options) => engine.call(name, params, options),
    dispose() {
      returned = true
    },
  }
}

const fixtures = fileURLToPath(new URL('../fixtures/cases/', import.meta.url))
const main = new URL('../../src/cli/main.ts', import.meta.url).href

/** Right values that right.json lacks. `further.py` computes them. */
export const further: Record<string, Record<string, number>> = JSON.parse(
  readFileSync(join(fixtures, 'further.json'), 'utf8'),
)

interface Right {
  readonly do: string
  readonly right: string
  readonly numbers?: unknown
}

export interface Finished {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** The parts of a refusal. `names`: files, tensors or options that the message must name. `remedy`: the instruction. */
interface Refusal {
  readonly code: ErrorCode | readonly ErrorCode[]
  readonly names: string | readonly string[]
  readonly remedy: RegExp
}

export type Window = ContractRouterClient<typeof contract>

export interface Variant {
  /** Working directory of every call: a copy of the variant's files. */
  readonly folder: string
  readonly right: Right
  /** Copies a file or folder of another variant. */
  add(of: string, to: string): void
  path(...parts: string[]): string
  /** Runs a command with the variant's profile. */
  cli(...args: string[]): Promise<Finished>
  /** Runs a command, and calls `act` when standard error matches `until`. */
  hearing(until: RegExp, act: () => void, ...args: string[]): Promise<Finished>
  /** Runs a command with `--json`, which must succeed. */
  json<T>(...args: string[]): Promise<T>
  /** Runs a command that must be refused with this code, exit code, names and remedy, and must write nothing. */
  refused(args: readonly string[], refusal: Refusal): Promise<string>
  /** Runs a command that must list `file` as unusable with this reason, fail, and write nothing. */
  skipped(args: readonly string[], file: string, reason: RegExp, remedy: RegExp): Promise<string>
  /** Calls the services as the window does, in the variant's profile. */
  window<T>(use: (client: Window) => Promise<T>): Promise<T>
  /** Makes a call of the window that must be refused. */
  windowRefuses(call: (client: Window) => Promise<unknown>, refusal: Refusal): Promise<string>
  useProfile(name: string): void
  /** Adds a right value and a found value to the variant's line. */
  say(right: string, found: unknown): void
  /** Adds numbers to the line, and expects that they are equal to 1e-6. */
  equal(right: Readonly<Record<string, number>>, found: Readonly<Record<string, number>>, what?: string): void
}

const TOLERANCE = 1e-6

/** Longest text on a variant's line, in characters. */
const MOST_SHOWN = 200

const EXIT = { failure: 1, usage: 2 } as const

/** Every file with its SHA-256, and every folder, except profiles. */
function snapshot(folder: string, profiles: ReadonlySet<string>, under = ''): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(join(folder, under)).sort()) {
    const path = join(under, name)
    if (profiles.has(path)) continue
    if (lstatSync(join(folder, path)).isDirectory())
      Object.assign(found, { [path]: '' }, snapshot(folder, profiles, path))
    else
      found[path] = createHash('sha256')
        .update(readFileSync(join(folder, path)))
        .digest('hex')
  }
  return found
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

let calls = 0

/** One call of the command line. Calls must not overlap, because they share the process's arguments and output. */
async function callMain(args: readonly string[], onError?: (text: string) => void): Promise<Finished> {
  const { argv, exitCode } = process
  const listeners = SIGNALS.map(signal => [signal, new Set(process.listeners(signal))] as const)
  let out = ''
  let err = ''
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    out += text
    return true
  })
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    err += text
    onError?.(String(text))
    return true
  })
  process.argv = [argv[0], fileURLToPath(main), ...args]
  process.exitCode = undefined
  try {
    await import(/* @vite-ignore */ `${main}?${++calls}`)
    return { exit: Number(process.exitCode ?? 0), out, err }
  } finally {
    stdout.mockRestore()
    stderr.mockRestore()
    process.argv = argv
    process.exitCode = exitCode
    // A program that ends need not remove its listeners, so they are removed here.
    for (const [signal, before] of listeners)
      for (const listener of process.listeners(signal)) if (!before.has(listener)) process.off(signal, listener)
  }
}

const STACK = /\n\s+at |a fault of the program|INTERNAL|TypeError|RangeError|ReferenceError/

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()

const digits = (numbers: Readonly<Record<string, number>>) =>
  Object.entries(numbers)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(7))}`)
    .join(' ')

/** Defines the test of a variant, which prints one line. `id` is the variant's folder in test/fixtures/cases. */
export function variant(id: string, perform: (variant: Variant) => Promise<void>): void {
  it(id, async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'self-mri-cases-'))
    const folder = join(temporary, 'files')
    cpSync(join(fixtures, id, 'files'), folder, { recursive: true })
    const right: Right = JSON.parse(readFileSync(join(fixtures, id, 'right.json'), 'utf8'))
    const line: { right: string[]; found: string[] } = { right: [], found: [] }
    const profiles = new Set<string>()
    const { INIT_CWD, SELF_MRI_PROFILE } = process.env
    process.env.INIT_CWD = folder
    const useProfile = (name: string) => {
      profiles.add(name)
      process.env.SELF_MRI_PROFILE = join(temporary, name)
    }
    useProfile('profile')

    const short = (text: string) => oneLine(text.replaceAll(`${folder}/`, '').replaceAll(`${temporary}/`, ''))
    const say = (what: string, found: unknown) => {
      const is = short(String(found))
      if (line.right.at(-1) === what && line.found.at(-1) === is) return
      line.right.push(what)
      line.found.push(is)
    }
    const cli = (...args: string[]) => callMain(args)

    async function unchanged<T>(act: () => Promise<T>): Promise<T> {
      const before = snapshot(temporary, profiles)
      const result = await act()
      expect(snapshot(temporary, profiles), 'nothing is written').toEqual(before)
      return result
    }

    function expectRefusal(error: { code: string | null; message: string }, { code, names, remedy }: Refusal): void {
      const codes = [code].flat()
      say(`${codes.join(' or ')} (${[names].flat().join(', ')})`, `${error.code}: ${error.message}`)
      expect(codes, error.message).toContain(error.code)
      for (const name of [names].flat()) expect(error.message).toContain(name)
      expect(error.message).toMatch(remedy)
      expect(error.message).not.toMatch(STACK)
    }

    const self: Variant = {
      folder,
      right,
      cli,
      hearing(until, act, ...args) {
        let heard = false
        return callMain(args, text => {
          if (heard || !until.test(text)) return
          heard = true
          act()
        })
      },
      useProfile,
      say,
      path: (...parts) => join(folder, ...parts),
      add(of, to) {
        mkdirSync(dirname(join(folder, to)), { recursive: true })
        cpSync(join(fixtures, of), join(folder, to), { recursive: true })
      },
      async json(...args) {
        const { exit, out, err } = await cli(...args, '--json')
        if (exit !== 0) say(`${args[0]} succeeds`, `exit ${exit}: ${err}`)
        expect(exit, err).toBe(0)
        return JSON.parse(out)
      },
      refused: (args, refusal) =>
        unchanged(async () => {
          const { exit, out, err } = await cli(...args, '--json')
          if (exit === 0) say(`${args[0]}: ${[refusal.code].flat().join(' or ')}`, `exit 0: ${out}`)
          expect(exit, `${args.join(' ')} is refused`).not.toBe(0)
          expect(out, err).toMatch(/"error"/)
          const { error } = JSON.parse(out)
          expectRefusal(error, refusal)
          expect(exit).toBe(error.code === 'INVALID_ARGUMENT' ? EXIT.usage : EXIT.failure)
          expect(err).toContain(error.message)
          return error.message
        }),
      skipped: (args, file, reason, remedy) =>
        unchanged(async () => {
          const { exit, out, err } = await cli(...args, '--json')
          const { skipped = [], volumes = [] } = JSON.parse(out) as Partial<Evaluation>
          const listed = [...skipped, ...(volumes as unknown as SkippedFile[])].find(
            ({ path, reason }) => reason !== undefined && path.endsWith(file),
          )
          say(`${file} listed with its reason (${reason.source})`, listed?.reason ?? `exit ${exit}: ${out}`)
          expect(listed?.reason, err).toMatch(reason)
          expect(listed?.reason).toMatch(remedy)
          expect(err).toContain(listed!.reason)
          expect(err).not.toMatch(STACK)
          expect(exit).toBe(EXIT.failure)
          return listed!.reason
        }),
      async window(use) {
        const services = openServices({ forWindow: true })
        try {
          const handler = createHandler(services, { assets: folder })
          const link = new RPCLink({ url: 'http://window/rpc', fetch: request => handler(request) })
          const client: Window = createORPCClient(link)
          await client.app.info() // waits for the import of the demonstration study
          return await use(client)
        } finally {
          await services.close()
        }
      },
      windowRefuses: (call, refusal) =>
        unchanged(async () => {
          const error = await self.window(client =>
            call(client).then(
              () => null,
              error => error,
            ),
          )
          if (!(error instanceof ORPCError))
            say([refusal.code].flat().join(' or '), error ?? 'no refusal in the window')
          expect(error, 'the window’s call is refused').toBeInstanceOf(ORPCError)
          expectRefusal(error, refusal)
          return error.message
        }),
      equal(rights, found, what) {
        const picked = Object.fromEntries(Object.keys(rights).map(name => [name, found[name]]))
        line.right.push(`${what ? `${what} ` : ''}${digits(rights)}`)
        line.found.push(digits(picked))
        for (const [name, value] of Object.entries(rights))
          expect(
            Math.abs(found[name] - value),
            `${what ?? ''} ${name}: ${found[name]}, right is ${value}`,
          ).toBeLessThanOrEqual(TOLERANCE * Math.max(1, Math.abs(value)))
      },
    }

    let fault: string | null = null
    try {
      await perform(self)
    } catch (error) {
      fault = short((error as Error).message)
      throw error
    } finally {
      const cut = (text: string) => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1)}…` : text)
      const texts = (of: readonly string[]) => of.map(cut).join(' | ')
      const end = fault === null ? 'pass' : `FAIL: ${cut(fault)}`
      process.stdout.write(`${id}: right: ${texts(line.right)}; found: ${texts(line.found)}; ${end}\n`)
      process.env.INIT_CWD = INIT_CWD
      process.env.SELF_MRI_PROFILE = SELF_MRI_PROFILE
      if (INIT_CWD === undefined) delete process.env.INIT_CWD
      if (SELF_MRI_PROFILE === undefined) delete process.env.SELF_MRI_PROFILE
      rmSync(temporary, { recursive: true, force: true })
    }
  })
}

export const metricsOf = ({ ssim, psnr, nmse }: Metrics): Record<string, number> => ({ ssim, psnr, nmse })
