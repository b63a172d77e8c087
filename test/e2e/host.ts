/** A host on a new profile, started by `self-mri serve`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { test as base } from '@playwright/test'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const { chooseNode } = await import(join(root, 'scripts', 'launch', 'node.mjs'))

export interface Host {
  /** The address, including the token. */
  readonly url: string
  readonly profile: string
  readonly pid: number
  /** Ends the host as Ctrl+C does. The profile stays. */
  stop(): Promise<void>
  /** Ends the host as a crash does. */
  kill(): Promise<void>
}

async function readAddress(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const [address] = /http:\/\/127\.0\.0\.1:[^"\s]+/.exec(line) ?? []
    if (address) return address
  }
  throw new Error('The host ended without saying its address')
}

export async function startHost(profile: string, variables: NodeJS.ProcessEnv = {}): Promise<Host> {
  const { node, flags } = chooseNode(root)
  const args = [...flags, join(root, 'src/cli/main.ts'), 'serve', '--json', '--profile', profile]
  const env = { ...process.env, SELF_MRI_KEPT: join(profile, 'kept'), ...variables } // not the user's cache
  const child = spawn(node, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const url = await readAddress(child)
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await ended
  }
  return { url, profile, pid: child.pid!, stop: () => end('SIGINT'), kill: () => end('SIGKILL') }
}

/** `profile` is an empty folder, which is removed at the end. `host` is a host on this profile. */
export const test = base.extend<{ profile: string; host: Host }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's dependencies from this pattern.
  profile: async ({}, use) => {
    const profile = mkdtempSync(join(tmpdir(), 'self-mri-profile-'))
    await use(profile)
    rmSync(profile, { recursive: true, force: true })
  },
  host: async ({ profile }, use) => {
    const host = await startHost(profile)
    await use(host)
    await host.stop()
  },
})

export { expect } from '@playwright/test'
