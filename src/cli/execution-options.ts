/** Options of the commands that train: where trainings run. They replace settings of the profile for one command. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { AppError } from '../contract/errors.ts'
import { EXECUTORS, Execution, type Executor, SlurmSettings } from '../contract/execution.ts'
import { type Expected, expectedInWords } from '../contract/expected.ts'
import { kebab } from '../contract/words.ts'
import type { ExecutionChange } from '../services/places/engine-pool.ts'
import { wholeNumber } from './options.ts'

type SlurmName = keyof typeof SlurmSettings.shape

const VALUES: Readonly<Record<SlurmName, string>> = {
  partition: 'name',
  time: 'limit',
  jobs: 'n',
  gpus: 'n',
  cpus: 'n',
  memory: 'size',
  account: 'name',
  qos: 'name',
  constraint: 'features',
  setup: 'line',
  sbatch: 'options',
}
const NUMBERS: ReadonlySet<string> = new Set(['jobs', 'gpus', 'cpus'])
/** Options that may be given several times, with what joins them. */
const SEVERAL: Readonly<Record<string, string>> = { setup: '\n', sbatch: ' ' }

const NAMES = Object.keys(VALUES) as SlurmName[]
/** The options that each executor knows, besides `executor`. */
const KNOWN: Readonly<Record<Executor, readonly string[]>> = {
  local: ['devices', 'slots'],
  slurm: NAMES,
  folder: ['jobs', 'gpus', 'setup'],
}
const HEADING = 'Where trainings run (default: the settings of the profile):'

function descriptionOf(name: SlurmName): string {
  const schema = SlurmSettings.shape[name]
  return `${schema.description ?? ''} (${KNOWN.folder.includes(name) ? 'slurm, folder' : 'slurm'})`
}

function slurmOption(name: SlurmName): Option {
  const option = new Option(`--${name} <${VALUES[name]}>`, descriptionOf(name)).helpGroup(HEADING)
  if (NUMBERS.has(name)) option.argParser(wholeNumber)
  const between = SEVERAL[name]
  if (between)
    option.argParser((text: string, before?: string) => (before === undefined ? text : `${before}${between}${text}`))
  return option
}

/** `0,2` */
function deviceList(text: string): string[] {
  const devices = text.split(',').map(device => device.trim())
  if (devices.includes('')) throw new InvalidArgumentError('Expected numbers or UUIDs of GPUs, as 0,2.')
  return devices
}

export function addExecutionOptions(command: Command): Command {
  const own = [
    new Option('--executor <where>', 'local: this machine; slurm: jobs of a cluster; folder: job folders').choices([
      ...EXECUTORS,
    ]),
    new Option('--devices <list>', 'GPUs of this machine, as 0,2 (local)').argParser(deviceList),
    new Option('--slots <n>', 'trainings at once on this machine (local)').argParser(wholeNumber),
  ]
  for (const option of own) command.addOption(option.helpGroup(HEADING))
  for (const name of NAMES) command.addOption(slurmOption(name))
  return command
}

/** What a value must be, in the words of the window's form. */
function expectationOf(name: string): string {
  const shapes: Readonly<Record<string, z.ZodType>> = { ...Execution.shape, ...SlurmSettings.shape }
  const schema = z.toJSONSchema(shapes[name]) as Expected & { readonly anyOf?: readonly Expected[] }
  return expectedInWords(schema.anyOf?.find(({ type }) => type !== 'null') ?? schema)
}

/** The settings that the options replace. Throws `INVALID_ARGUMENT`, with one line for each fault. */
export function executionFrom(options: Readonly<Record<string, unknown>>): ExecutionChange {
  const given = (names: readonly string[]) =>
    Object.fromEntries(names.flatMap(name => (options[name] === undefined ? [] : [[name, options[name]]])))
  const slurm = given(NAMES)
  const change = { ...given(['executor', 'devices', 'slots']), ...(Object.keys(slurm).length > 0 && { slurm }) }
  const parsed = Execution.partial().extend({ slurm: SlurmSettings.partial().optional() }).safeParse(change)
  if (!parsed.success) {
    const names = new Set(parsed.error.issues.map(({ path }) => String(path.find(part => part !== 'slurm'))))
    const faults = [...names].map(name => `--${kebab(name)}: ${expectationOf(name)}.`)
    throw new AppError('INVALID_ARGUMENT', faults.join('\n'))
  }
  return change as ExecutionChange
}

/** Throws `INVALID_ARGUMENT` for an option that the chosen executor does not know. */
export function requireKnownOptions({ slurm = {}, ...change }: ExecutionChange, setting: Executor): void {
  const executor = change.executor ?? setting
  const names = [...Object.keys(change), ...Object.keys(slurm)].filter(name => name !== 'executor')
  const foreign = names.find(name => !KNOWN[executor].includes(name))
  if (foreign === undefined) return
  const others = EXECUTORS.filter(each => KNOWN[each].includes(foreign))
  const remedy = change.executor === undefined ? 'Add' : 'Change'
  throw new AppError(
    'INVALID_ARGUMENT',
    `--${foreign}: expected --executor ${others.join(' or --executor ')}, got the executor ${executor}. ` +
      `${remedy} --executor, or omit --${foreign}.`,
  )
}
