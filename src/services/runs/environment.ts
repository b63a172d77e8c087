/** The environment of a run: versions of the programs. Stored in the run's row. */
import { createRequire } from 'node:module'
import { basename } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { TrainedOn } from '../../contract/trained-on.ts'
import { locateEngine } from '../../engine/install/install.ts'

const require = createRequire(import.meta.url)

/** The version of this program. */
export const VERSION: string = require('../../../package.json').version

/**
 * The environment of this program. When the training begins, perhaps on another machine, the engine's environment
 * replaces all but the content and the version of Self-MRI.
 * @param content `contentDigest` of the volumes
 */
export function environmentNow(content: string | null) {
  const engine = locateEngine()
  return {
    content,
    selfMri: VERSION,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    tfjs: require('@tensorflow/tfjs-core/package.json').version as string,
    tensorflow: engine?.tensorflow ?? null,
    variant: engine?.variant ?? null,
    build: engine && basename(engine.directory),
  }
}

/** The devices of a run's training in order, from its environment. A run that went on elsewhere has several. */
export function trainedOnOf(environment: string): TrainedOn[] {
  const { former = [], variant, device, ...present } = JSON.parse(environment)
  return z.array(TrainedOn).parse([...former, { ...present, device: device ?? (variant === 'cpu' ? 'CPU' : null) }])
}
