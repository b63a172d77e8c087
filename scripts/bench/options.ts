/** The command line of the bench. */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { AppError } from '../../src/contract/errors.ts'
import type { Hardware, Precision } from './computed.ts'

export const HELP = `npm run bench -- [options]: Self-MRI beside PyTorch, h5py with SciPy, SigPy, BART

--only NAMES           measures these works: names with commas between; "unet" means all names that begin with unet-
--json                 prints all figures as JSON
--python PATH          a Python with the peer's packages; without it the bench installs them (several GB)
--instructions avx2    CPU only: both sides compute without AVX-512
--gpu                  both sides compute on the NVIDIA GPU; PyTorch eager, compiled, and compiled with bfloat16
--precision bfloat16   with --gpu: our trainings run as with the program's --precision bfloat16 (default float32)
--xla                  with --gpu: XLA compiles our graphs, as after "self-mri engine xla on"
--help                 prints this text`

export interface Options {
  readonly help: boolean
  readonly json: boolean
  /** Names of works. Empty: all works. */
  readonly only: readonly string[]
  readonly python: string | null
  readonly hardware: Hardware
  /** For those who change the bench: the works of `--gpu` on a CPU, made small. */
  readonly rehearsal: boolean
  /** Precision of our trainings. */
  readonly precision: Precision
  /** Whether XLA compiles our graphs. */
  readonly xla: boolean
  /** `null`: all instructions of the processor. */
  readonly instructions: 'avx2' | null
}

/** `undefined` if the option is missing. */
function oneOf<Word extends string>(option: string, words: readonly Word[], given: string | undefined) {
  const found = words.find(word => word === given)
  if (given !== undefined && found === undefined)
    throw new AppError('INVALID_ARGUMENT', `Expected --${option} with ${words.join(' or ')}, got ${given}`)
  return found
}

export function parseOptions(args: readonly string[], env = process.env): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      python: { type: 'string' },
      gpu: { type: 'boolean', default: false },
      precision: { type: 'string' },
      xla: { type: 'boolean', default: false },
      instructions: { type: 'string' },
    },
  })
  const { help, json, gpu, xla, python = null } = values
  const precision = oneOf('precision', ['float32', 'bfloat16'] as const, values.precision)
  const instructions = oneOf('instructions', ['avx2'] as const, values.instructions) ?? null
  if (!gpu && (precision !== undefined || xla))
    throw new AppError('INVALID_ARGUMENT', '--precision and --xla are for a GPU. Add --gpu.')
  if (gpu && instructions) throw new AppError('INVALID_ARGUMENT', '--instructions is for a CPU. Leave out --gpu.')
  const only = values.only.split(',').filter(Boolean)
  const rehearsal = gpu && env.SELF_MRI_BENCH_REHEARSAL === '1'
  const hardware = gpu && !rehearsal ? 'gpu' : 'cpu'
  return { help, json, only, python, hardware, rehearsal, precision: precision ?? 'float32', xla, instructions }
}
