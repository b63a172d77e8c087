import process from 'node:process'
import { Argument, Command } from 'commander'
import type { DeviceHealth, EngineHealth } from '../../contract/engine.ts'
import { gigabytes, gpuInWords } from '../../presentation/devices.ts'
import { count } from '../../presentation/numbers.ts'
import { installNow } from '../../services/places/engine-pool.ts'
import { examineDevices } from '../../services/places/local/doctor.ts'
import { changeSettings, readSettings } from '../../services/profile/settings.ts'
import { inSession } from '../session.ts'
import { print, printJson } from '../terminal.ts'

const WAYS = {
  graph: 'replayed as one native graph',
  eager: 'one operation at a time (eager)',
} as const

/** The native operations of a step that take at least 1 % of the step's time. */
function describeOperations({ operations }: EngineHealth): string {
  const total = operations.reduce((sum, { ms }) => sum + ms, 0)
  const count = operations.reduce((sum, operation) => sum + operation.count, 0)
  const line = (name: string, times: number, ms: number) => {
    const share = ((100 * ms) / total).toFixed(0).padStart(3)
    return `${name.padEnd(24)} ${String(times).padStart(5)} ${ms.toFixed(2).padStart(9)} ms ${share} %`
  }
  return [
    '',
    'One such step, computed eagerly. Calls and time of each native operation:',
    ...operations.filter(({ ms }) => ms >= total / 100).map(({ name, count, ms }) => line(name, count, ms)),
    line('all', count, total),
  ].join('\n')
}

function describe(health: DeviceHealth): string {
  const { memory } = health
  const compiler = health.compiler ? `, graphs compiled by ${health.compiler}` : ''
  const free = `${gigabytes(memory.freeBytes)} free of ${gigabytes(memory.totalBytes)}`
  return [
    `Device       ${health.label}${health.doing ? `, on which ${health.doing} trains` : ''}`,
    ...(health.state ? [`GPU          ${gpuInWords(health.state)}`] : []),
    `TensorFlow   ${health.tensorflow} (TensorFlow.js ${health.tfjs}), on ${health.gpu ?? health.device}${compiler}`,
    `Kernels      ${health.kernels}`,
    `Processor    ${health.cpu ?? 'unknown'}, ${count(health.threads, 'thread')}, on ${health.host}`,
    `Node         ${health.node}, ${health.platform}, ${health.cores} cores`,
    `Memory       ${free}; the engine uses ${gigabytes(memory.residentBytes)}`,
    `Training     ${health.stepMs.toFixed(1)} ms a step (U-Net-8, 64 × 64, batch 1; median of 10)`,
    `Steps        ${WAYS[health.way]}`,
    ...health.notes,
  ].join('\n')
}

function install(): Command {
  return new Command('install')
    .description('Install or repair the native TensorFlow engine in the user’s cache folder')
    .option('--cpu', 'the CPU build')
    .option('--cuda', 'the build for NVIDIA GPUs')
    .option('--force', 'install again, even if the engine is complete')
    .action((options: { cpu?: boolean; cuda?: boolean; force?: boolean }, command: Command) =>
      inSession(command, async ({ services, signal, json }) => {
        const variant = options.cpu ? 'cpu' : options.cuda ? 'cuda' : 'auto'
        const engine = await installNow(services.engines, { variant, force: options.force, signal })
        if (json) printJson(engine)
        else print(`TensorFlow ${engine.tensorflow} (${engine.variant}) is installed in ${engine.directory}`)
      }),
    )
}

function doctor(): Command {
  return new Command('doctor')
    .description('Show the engine of this machine, and time a small training step')
    .option('--ops', 'list time and calls of each native operation of the step')
    .action((options: { ops?: boolean }, command: Command) =>
      inSession(command, async ({ services, signal, json }) => {
        const all = await examineDevices(services.engines, signal)
        const describeAll = (health: DeviceHealth) =>
          describe(health) + (options.ops ? `\n${describeOperations(health)}` : '')
        if (json) printJson(all.length === 1 ? all[0] : all)
        else print(all.map(describeAll).join('\n\n'))
        if (all.some(({ loss }) => !Number.isFinite(loss))) process.exitCode = 1
      }),
    )
}

function xla(): Command {
  return new Command('xla')
    .description('Compile graphs with XLA or not: a setting of the profile, for engines that start later')
    .addArgument(new Argument('[state]', 'on or off; without it, prints the setting').choices(['on', 'off']))
    .action((state: 'on' | 'off' | undefined, _options: object, command: Command) =>
      inSession(
        command,
        async ({ services, json }) => {
          const settings = state
            ? changeSettings(services.profile, services.engines, { xla: state === 'on' })
            : readSettings(services.profile)
          if (json) printJson({ xla: settings.xla })
          else print(`XLA is ${settings.xla ? 'on' : 'off'}.`)
        },
        { readOnly: state === undefined },
      ),
    )
}

export const engineCommand = (): Command =>
  new Command('engine')
    .description('The native TensorFlow engine')
    .addCommand(install())
    .addCommand(doctor())
    .addCommand(xla())
