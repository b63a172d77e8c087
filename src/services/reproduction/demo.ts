/** The demonstration: a reproduction of one method with one seed. Its files are a figure and a page. */
import { join } from 'node:path'
import { strToU8 } from 'fflate'
import { AppError } from '../../contract/errors.ts'
import type { ReproductionRequest } from '../../contract/reproduction.ts'
import type { Study } from '../../contract/studies.ts'
import { type Destination, writeAll } from '../../engine/files/written.ts'
import { locateEngine } from '../../engine/install/install.ts'
import { keptFiles } from '../profile/kept-files.ts'
import type { Profile } from '../profile/profile.ts'
import { reportPage, svgPng } from '../reports/index.ts'
import { type DemoReport, demoReport } from './demo-report.ts'
import type { Drawn } from './save.ts'
import { prepareFolder, unrecorded } from './unrecorded.ts'

/** The request: SimCLR with the workstation recipe, zero-filling, the control and the baseline. */
export const demoRequest = ({ id }: Study, demo: NonNullable<ReproductionRequest['demo']>): ReproductionRequest => ({
  study: id,
  scale: 'workstation',
  seeds: 1,
  methods: ['simclr'],
  leaveOneOut: false,
  headline: true,
  demo,
})

const FIGURE = 'comparison.png'
const PAGE = 'index.html'

const destinationOf = (folder: string, overwrite: boolean): Destination => ({
  folder,
  maker: 'demo',
  replaces: overwrite ? 'all' : 'same maker',
})

/** Throws `FILE_EXISTS` before the training if the results would replace protected files. */
export async function openDemoFolder(profile: Profile, folder: string, overwrite = false): Promise<void> {
  const names = [FIGURE, PAGE]
  const mine = await unrecorded(folder, names, FIGURE)
  await prepareFolder(destinationOf(folder, overwrite), names, mine.includes(PAGE) ? mine : [], keptFiles(profile))
}

/** Writes the figure and the page. Returns the report as data, and the paths of replaced files. */
export async function writeDemo(
  profile: Profile,
  { report, figures }: Drawn,
  folder: string,
  overwrite = false,
): Promise<{ report: DemoReport; replaced: string[] }> {
  const engine = locateEngine()
  const comparison = figures.find(({ name }) => name === 'figure-3-images')
  if (!engine || !comparison)
    throw new AppError('ENGINE_UNAVAILABLE', 'The TensorFlow engine is not installed yet. The images need the engine.')
  const files = { [FIGURE]: svgPng(comparison.svg), [PAGE]: strToU8(reportPage(report, figures)) }
  const replaced = await writeAll(destinationOf(folder, overwrite), files, keptFiles(profile))
  const device = `TensorFlow ${engine.tensorflow}, ${engine.variant === 'cuda' ? 'CUDA build' : 'CPU'}`
  const written = { figure: join(folder, FIGURE), page: join(folder, PAGE) }
  return { report: demoReport(report, device, written), replaced }
}
