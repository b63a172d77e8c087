/** The import rules find each forbidden import that a test plants, and all files of the project are read. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(root, 'node_modules', '.bin', 'depcruise')

type Report = { modules: unknown[]; summary: { violations: { from: string; rule: { name: string } }[] } }

function cruise(folder: string): Promise<Report> {
  const args = [program, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src', 'examples']
  return new Promise((resolve, reject) => {
    // The exit status counts the violations, so only a missing report is a failure.
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1e8 }, (error, report) => {
      if (report) resolve(JSON.parse(report))
      else reject(error)
    })
  })
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-imports-'))
  for (const name of ['package.json', 'tsconfig.base.json', '.dependency-cruiser.cjs', 'scripts/room-order.cjs']) {
    cpSync(join(root, name), join(folder, name))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

const PLANTED: readonly [rule: string, path: string, text: string][] = [
  ['core-packages', 'src/core/a.ts', "import { readFileSync } from 'node:fs'\nreadFileSync('x')"],
  ['core-packages', 'src/core/b.ts', "import process from 'process'\nprocess.exit()"],
  ['core-packages', 'src/core/c.ts', "import { Command } from 'commander'\nnew Command()"],
  ['core', 'src/core/d.ts', "import type { Engine } from '../engine/process/client.ts'\nexport type E = Engine"],
  ['contract', 'src/contract/a.ts', "import { x } from '../core/plain.ts'\nexport const y = x"],
  ['contract-packages', 'src/contract/b.ts', "import { join } from 'node:path'\nexport const y = join"],
  ['engine', 'src/engine/a.ts', "import { x } from '../services/profile/plain.ts'\nexport const y = x"],
  [
    'services',
    'src/services/profile/a.ts',
    "import { x } from '../../engine/tensorflow/tensorflow.ts'\nexport const y = x",
  ],
  ['cli', 'src/cli/a.ts', "import { x } from '../engine/process/client.ts'\nexport const y = x"],
  ['cli', 'src/cli/b.ts', "import { x } from '../core/plain.ts'\nexport const y = x"],
  ['cli', 'src/cli/c.ts', "import { x } from '../main/plain.ts'\nexport const y = x"],
  ['shells', 'src/host/a.ts', "import { x } from '../engine/process/client.ts'\nexport const y = x"],
  ['shells', 'src/main/a.ts', "import { x } from '../host/serve.ts'\nexport const y = x"],
  ['shells', 'src/main/b.ts', "import { x } from '../cli/plain.ts'\nexport const y = x"],
  ['renderer', 'src/renderer/a.tsx', "import { x } from '../services/profile/plain.ts'\nexport const y = x"],
  ['renderer', 'src/renderer/b.ts', "import type { X } from '../core/plain.ts'\nexport type Y = X"],
  ['renderer-packages', 'src/renderer/c.ts', "import Database from 'better-sqlite3'\nexport const y = Database"],
  [
    'renderer-packages',
    'src/renderer/d.ts',
    "import { RPCHandler } from '@orpc/server/fetch'\nexport const y = RPCHandler",
  ],
  ['services-rooms', 'src/services/loose.ts', "import { join } from 'node:path'\nexport const y = join"],
  ['services-studies', 'src/services/studies/a.ts', "import { x } from '../runs/plain.ts'\nexport const y = x"],
  ['services-runs', 'src/services/runs/a.ts', "import { x } from '../open.ts'\nexport const y = x"],
  ['renderer-rooms', 'src/renderer/loose.ts', "import { useState } from 'react'\nexport const y = useState"],
  ['renderer-app', 'src/renderer/app/a.ts', "import { x } from '../viewer/plain.ts'\nexport const y = x"],
  ['renderer-viewer', 'src/renderer/viewer/a.ts', "import type { X } from '../runs/plain.ts'\nexport type Y = X"],
  ['renderer-runs', 'src/renderer/runs/a.ts', "import style from '../studies/a.module.css'\nexport const y = style"],
  ['no-cycles', 'src/renderer/viewer/f.ts', "import type { Y } from './g.ts'\nexport type X = { y: Y }"],
  ['no-node-in-window', 'src/renderer/e.ts', "import { join } from 'node:path'\nexport const y = join"],
  ['no-node-in-window', 'src/preload/a.ts', "import { join } from 'node:path'\nexport const y = join"],
  ['preload', 'src/preload/b.ts', "import { x } from '../contract/plain.ts'\nexport const y = x"],
  ['preload', 'src/preload/c.ts', "import { x } from '../main/plain.ts'\nexport const y = x"],
  ['preload-packages', 'src/preload/d.ts', "import { z } from 'zod'\nexport const y = z"],
  ['electron-in-desktop', 'src/services/profile/g.ts', "import { app } from 'electron'\nexport const y = app"],
  ['electron-in-desktop', 'src/renderer/f.ts', "import type { App } from 'electron'\nexport type Y = App"],
  ['electron-as-parameter', 'src/main/c.ts', "import { app } from 'electron'\nexport const y = app"],
  ['native-in-engine', 'src/services/profile/b.ts', "import { File } from 'h5wasm/node'\nexport const y = File"],
  [
    'native-in-engine',
    'src/services/profile/c.ts',
    "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\n" +
      "export const y = require('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js')",
  ],
  ['sqlite-in-db', 'src/services/profile/d.ts', "import Database from 'better-sqlite3'\nexport const y = Database"],
  ['src-alone', 'src/services/profile/e.ts', "import { x } from '../../../test/plain.ts'\nexport const y = x"],
  ['declared-packages', 'src/services/profile/f.ts', "import { test } from 'vitest'\nexport const y = test"],
  ['src-alone', 'src/services/profile/h.ts', "import { x } from '../../../examples/plain.ts'\nexport const y = x"],
  ['examples', 'examples/a.ts', "import { x } from '../src/services/profile/plain.ts'\nexport const y = x"],
  ['examples', 'examples/b.ts', "import { x } from './plain.ts'\nexport const y = x"],
  ['resolvable', 'src/core/e.ts', "import { x } from './nowhere.ts'\nexport const y = x"],
  ['no-cycles', 'src/core/f.ts', "import { y } from './g.ts'\nexport const x = () => y"],
]

const ALLOWED: readonly [path: string, text: string][] = [
  ['src/core/plain.ts', "import type { z } from 'zod'\nexport const x = 1\nexport type Z = z.ZodType"],
  [
    'src/core/ops.ts',
    "import { add } from '@tensorflow/tfjs-core'\nimport { x } from './plain.ts'\nexport const y = add(x, x)",
  ],
  [
    'src/engine/process/client.ts',
    "import { x } from '../../core/plain.ts'\nexport { x }\nexport type Engine = string",
  ],
  ['src/engine/tensorflow/tensorflow.ts', "import { File } from 'h5wasm/node'\nexport const x = File"],
  ['src/services/profile/plain.ts', "import { x } from '../../engine/process/client.ts'\nexport { x }"],
  ['src/services/open.ts', "import { x } from './runs/plain.ts'\nexport { x }"],
  ['src/services/runs/plain.ts', "import { x } from '../profile/plain.ts'\nexport { x }"],
  ['src/services/profile/db/a.ts', "import Database from 'better-sqlite3'\nexport const y = Database"],
  [
    'src/cli/plain.ts',
    "import { x } from '../services/profile/plain.ts'\nimport process from 'node:process'\nprocess.exit(x)",
  ],
  ['src/cli/serve.ts', "import { x } from '../host/serve.ts'\nexport { x }"],
  ['src/host/serve.ts', "import { x } from '../services/profile/plain.ts'\nexport { x }"],
  ['src/contract/plain.ts', "import { oc } from '@orpc/contract'\nexport const x = oc\nexport type X = typeof x"],
  [
    'src/renderer/app/plain.tsx',
    "import type { X } from '../../contract/plain.ts'\nexport { useState } from 'react'\nexport type Y = X",
  ],
  ['src/renderer/viewer/plain.ts', "import { x } from '../widgets/plain.ts'\nexport { x }"],
  ['src/renderer/runs/plain.ts', "import { x } from '../viewer/plain.ts'\nexport type X = typeof x"],
  ['src/renderer/widgets/plain.ts', 'export const x = 1'],
  [
    'src/preload/index.ts',
    "import { ipcRenderer } from 'electron'\nimport type { X } from '../contract/plain.ts'\n" +
      'export const y: X = ipcRenderer',
  ],
  [
    'src/main/index.ts',
    "import * as electron from 'electron'\nimport { x } from './plain.ts'\nexport const y = [electron, x]",
  ],
  [
    'src/main/plain.ts',
    "import type { Event } from 'electron'\nimport { x } from '../services/profile/plain.ts'\n" +
      "export type E = Event | typeof import('electron')\nexport { x }",
  ],
  ['test/plain.ts', 'export const x = 1'],
  ['examples/plain.ts', "import { x } from '../src/core/plain.ts'\nexport { x }"],
]

test('each planted import breaks its rule, and allowed imports break no rule', async () => {
  for (const [path, text] of ALLOWED) write(path, text)
  for (const [, path, text] of PLANTED) write(path, text)
  write('src/renderer/viewer/g.ts', "import type { X } from './f.ts'\nexport type Y = { x: X }")
  write('src/renderer/studies/a.module.css', '.a {}')
  write('src/core/g.ts', "import { x } from './f.ts'\nexport const y = () => x")
  const { violations } = (await cruise(folder)).summary
  const found = violations.map(({ from, rule }) => `${rule.name}: ${from}`)
  expect(found).toEqual(expect.arrayContaining(PLANTED.map(([rule, path]) => `${rule}: ${path}`)))
  const allowed = ALLOWED.map(([path]) => path)
  expect(violations.filter(({ from }) => allowed.includes(from))).toEqual([])
})

test('all files of the project are read', async () => {
  const { modules } = await cruise(root)
  expect(modules.length).toBeGreaterThan(20)
})
