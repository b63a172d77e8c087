/** Hosts in separate processes, whose engines can be given faults. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import type { contract } from '../src/contract/api.ts'

export interface Host {
  readonly child: ChildProcess
  readonly client: ContractRouterClient<typeof contract>
}

const root = fileURLToPath(new URL('../', import.meta.url))
const FAULTY = fileURLToPath(new URL('./faulty-engine.mjs', import.meta.url))

/** `faults`: variables of `faulty-engine.mjs` for the host's engines. `detached`: starts a new process group. */
export async function startHost(
  folder: string,
  profile: string,
  faults: Readonly<Record<string, string>> = {},
  { detached = false } = {},
): Promise<Host> {
  const assets = join(folder, 'assets')
  mkdirSync(assets, { recursive: true })
  writeFileSync(join(assets, 'index.html'), '')
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), 'serve', '--json', '--assets', assets], {
    cwd: root,
    env: {
      ...process.env,
      SELF_MRI_PROFILE: join(folder, profile),
      SELF_MRI_DEVICE: `test-${process.pid}`,
      SELF_MRI_NODE: process.execPath,
      SELF_MRI_NODE_FLAGS: `--import ${FAULTY}`,
      ...faults,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached,
  })
  const [line] = await once(child.stdout!, 'data')
  const { port, token } = JSON.parse(String(line))
  const headers = { authorization: `Bearer ${token}` }
  return { child, client: createORPCClient(new RPCLink({ url: `http://127.0.0.1:${port}/rpc`, headers })) }
}

export async function end({ child }: Host, signal: NodeJS.Signals): Promise<void> {
  const closed = once(child, 'close')
  child.kill(signal)
  await closed
}
