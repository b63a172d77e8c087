/**
 * Programs that a test needs and a machine may lack. Without one, its tests are skipped and their names say what to install. Where
 * `SELF_MRI_ALL_PROGRAMS` is set, as by .ci/run, they fail instead.
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { type TestFunction, test } from 'vitest'

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** `test`, where nothing is missing; `missing` says what, and the remedy. */
export function testUnless(missing: string | null): (name: string, run: TestFunction) => void {
  if (missing === null) return test
  if (!process.env.SELF_MRI_ALL_PROGRAMS) return name => test.skip(`${name} (${missing})`)
  return name =>
    test(name, () => {
      throw new Error(missing)
    })
}

/** What is missing where a program of a Debian package is not on the PATH. */
export const missingProgram = (program: string, debianPackage: string): string | null =>
  isOnPath(program) ? null : `Expected ${program} on the PATH, got none. Remedy: apt-get install ${debianPackage}`
