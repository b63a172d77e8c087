/** The environment of a run: versions, processor, threads. Stored in the run's row. */
import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { basename } from 'node:path'
import process from 'node:process'
import { locateEngine } from '../../engine/install/install.ts'

const require = createRequire(import.meta.url)

/** The version of this program. */
export const VERSION: string = require('../../../package.json').version

/** @param content `contentDigest` of the volumes. The device is added when the training begins. */
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
    cpu: cpus()[0]?.model ?? null,
    threads: availableParallelism(),
  }
}
