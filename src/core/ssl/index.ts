/** All self-supervised methods. To add a method, write a file in this folder and a line here. */
import { AppError } from '../../contract/errors.ts'
import type { SslMethod } from './method.ts'
import { pirl } from './pirl.ts'
import { rotnet } from './rotnet.ts'
import { simclr } from './simclr.ts'
import { subsampleAgain } from './subsample-again.ts'
import { swav } from './swav.ts'

// biome-ignore lint/suspicious/noExplicitAny: each method has a configuration of its own, checked by its schema
type AnyMethod = SslMethod<any>

export const METHODS = {
  simclr,
  swav,
  pirl,
  rotnet,
  'subsample-again': subsampleAgain,
} satisfies Record<string, AnyMethod>

export function methodOf(id: string): SslMethod {
  if (Object.hasOwn(METHODS, id)) return METHODS[id as keyof typeof METHODS] as SslMethod<never> as SslMethod
  throw new AppError('INVALID_ARGUMENT', `Expected a method out of ${Object.keys(METHODS).join(', ')}, got ${id}`)
}
