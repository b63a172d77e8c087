/** TensorFlow's headers in `resources/engine`: those that the add-on includes, unchanged, of the pinned version. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import {
  bindingSources,
  requiredTensorflow,
  tensorflowHeaders,
  VARIANTS,
} from '../../../../src/engine/install/environment.ts'
import { filesIn } from '../../../../src/engine/install/manifest.ts'

const folder = tensorflowHeaders('cpu')
const headers = filesIn(folder).filter(path => path.endsWith('.h'))

/** The files that a source includes from a folder, directly and through other files. */
function included(source: string, folders: readonly string[], found = new Set<string>()): Set<string> {
  for (const [, name] of readFileSync(source, 'utf8').matchAll(/^\s*#\s*include\s*["<]([^">]+)[">]/gm)) {
    const path = folders.map(within => join(within, name)).find(candidate => existsSync(candidate))
    if (path === undefined || found.has(path)) continue
    found.add(path)
    included(path, folders, found)
  }
  return found
}

test('the headers are those of the pinned TensorFlow, and every variant has them', () => {
  for (const variant of VARIANTS) expect(tensorflowHeaders(variant)).toBe(folder)
  // If the pinned version changes, resources/engine/README.md says how to get its headers, and this hash changes.
  const hash = createHash('sha256')
  for (const path of headers.sort()) hash.update(relative(folder, path)).update(readFileSync(path))
  const version = requiredTensorflow('cpu')
  expect([version, hash.digest('hex').slice(0, 12)]).toEqual(['2.21.0', 'a24ce81547b2'])
})

test('the repository has the headers that the add-on includes, and no others', () => {
  const sources = bindingSources()
  const reached = new Set<string>()
  for (const name of readdirSync(sources).filter(file => file.endsWith('.cc'))) {
    included(join(sources, name), [folder, dirname(sources), sources], reached)
  }
  expect([...reached].filter(path => path.startsWith(folder)).sort()).toEqual(headers.sort())
})

test('the headers keep their copyright, and the licence is beside them', () => {
  for (const path of headers) {
    const text = readFileSync(path, 'utf8')
    expect(text).toMatch(/^\/\* Copyright \d{4} The TensorFlow Authors\. All Rights Reserved\.$/m)
    expect(text).toContain('Licensed under the Apache License, Version 2.0')
  }
  expect(readFileSync(join(folder, 'LICENSE'), 'utf8')).toContain('Version 2.0, January 2004')
})
