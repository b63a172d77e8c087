/** Classical sources by name: `cg-sense`, with complete settings. */
import { CLASSICAL_SOURCE, type ClassicalChoice, ClassicalId } from '../../contract/classical.ts'
import { classicalMethod } from '../../core/mri/sense/index.ts'

/** The method and its complete settings. `null`: the name is not of a classical source. */
export function classicalNamed(name: string): ClassicalChoice | null {
  const [, method] = CLASSICAL_SOURCE.exec(name) ?? []
  if (method === undefined) return null
  const classical = ClassicalId.parse(method)
  return { classical, config: classicalMethod(classical).config.parse({}) }
}
