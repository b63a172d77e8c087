/**
 * `node scripts/slurm.ts COMMAND…`: starts the tests' Slurm, runs the command with it, and ends the Slurm.
 * Without a command: prints the variable that a second terminal needs, and ends the Slurm at Ctrl+C.
 * For example `node scripts/slurm.ts bash`. Needs Node ≥ 22.18.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { startCluster } from '../test/slurm/cluster.ts'

const [command, ...args] = process.argv.slice(2)
const cluster = await startCluster()
try {
  // The terminal sends Ctrl+C to the command, too.
  const stopped = Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map(signal => once(process, signal)))
  if (command) {
    const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...cluster.env } })
    const [status] = await once(child, 'close')
    process.exitCode = status ?? 1
  } else {
    console.log(`export SLURM_CONF=${cluster.env.SLURM_CONF}`)
    const timer = setInterval(() => {}, 60_000) // Node would exit.
    await stopped
    clearInterval(timer)
  }
} finally {
  await cluster.stop()
}
