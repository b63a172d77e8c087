/** The contract's procedures on runs and reproductions. */
import { implement } from '@orpc/server'
import { contract } from '../../contract/api.ts'
import { callersPath } from '../profile/paths.ts'
import { makeReproductions } from '../reproduction/window.ts'
import { importCheckpoint } from '../runs/checkpoints.ts'
import { markEndedElsewhere } from '../runs/interrupted.ts'
import type { WithQueue } from '../runs/queue.ts'
import { again, fineTune, moveRun, resume, startRequested, stopRun } from '../runs/requests.ts'
import { layersOf, setRunHidden, viewRun, viewRuns } from '../runs/views.ts'
import { previewViews } from '../viewing/views.ts'
import type { Works } from './works.ts'

const api = implement(contract)

export const runProcedures = (opened: WithQueue, { reading }: Works) => ({
  list: api.runs.list.handler(() => viewRuns(opened.profile)),
  get: api.runs.get.handler(({ input }) => viewRun(opened.profile, input.run)),
  start: api.runs.start.handler(async ({ input, signal }) => ({
    runs: await reading(signal, options => startRequested(opened, input, options)),
  })),
  views: api.runs.views.handler(({ input, signal }) => previewViews(opened, input, signal)),
  layers: api.runs.layers.handler(({ input }) => layersOf(opened.profile, input.run)),
  fineTune: api.runs.fineTune.handler(async ({ input, signal }) => ({
    runs: await reading(signal, options => fineTune(opened, input, options)),
  })),
  again: api.runs.again.handler(async ({ input, signal }) => ({
    runs: await reading(signal, options => again(opened, input, options)),
  })),
  pause: api.runs.pause.handler(({ input }) => stopRun(opened, input.run, 'pause')),
  resume: api.runs.resume.handler(({ input, signal }) =>
    reading(signal, options => resume(opened, input.run, options)),
  ),
  move: api.runs.move.handler(({ input }) => moveRun(opened, input.run, input.before)),
  cancel: api.runs.cancel.handler(({ input }) => stopRun(opened, input.run, 'cancel')),
  endedThere: api.runs.endedThere.handler(({ input }) => markEndedElsewhere(opened.profile, input.run)),
  hide: api.runs.hide.handler(({ input }) => setRunHidden(opened.profile, input.run, true)),
  restore: api.runs.restore.handler(({ input }) => setRunHidden(opened.profile, input.run, false)),
  importCheckpoint: api.runs.importCheckpoint.handler(({ input }) => ({
    run: importCheckpoint(opened.profile, input.study, callersPath(input.path)),
  })),
})

export function reproductionProcedures(opened: WithQueue, { reading }: Works) {
  const reproductions = makeReproductions(opened)
  return {
    list: api.reproductions.list.handler(() => reproductions.list()),
    start: api.reproductions.start.handler(({ input, signal }) =>
      reading(signal, options => reproductions.start(input, options)),
    ),
    resume: api.reproductions.resume.handler(({ input, signal }) =>
      reading(signal, options => reproductions.resume(input.id, options)),
    ),
    stop: api.reproductions.stop.handler(({ input }) => reproductions.stop(input.id)),
    report: api.reproductions.report.handler(({ input }) => reproductions.report(input.id)),
    figures: api.reproductions.figures.handler(async ({ input, signal }) => [
      ...(await reproductions.figures(input.id, signal)),
    ]),
    save: api.reproductions.save.handler(({ input, signal }) =>
      reproductions.save(input.id, input.folder && callersPath(input.folder), signal),
    ),
  }
}
