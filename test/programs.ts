/**
 * Programs that a test needs and a machine may lack. If a program is missing, its tests are skipped, and their names
 * say what to install. If `SELF_MRI_ALL_PROGRAMS` is set, as in .ci/run, these tests fail instead.
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { type TestFunction, test } from 'vitest'

function isOnPath(program: string, path: string): boolean {
  return path.split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** `test` if nothing is missing. @param missing what is missing, with the remedy, or null */
export function testUnless(missing: string | null): (name: string, run: TestFunction) => void {
  if (missing === null) return test
  if (!process.env.SELF_MRI_ALL_PROGRAMS) return name => test.skip(`${name} (${missing})`)
  return name =>
    test(name, () => {
      throw new Error(missing)
    })
}

/** The sentence about a missing program of a Debian package, or null if the program is on the PATH. */
export const missingProgram = (program: string, debianPackage: string, path = process.env.PATH ?? ''): string | null =>
  isOnPath(program, path) ? null : `Expected ${program} on the PATH, got none. Remedy: apt-get install ${debianPackage}`
