/** The contract's procedures, each handed to the service that does it. */
import { createRequire } from 'node:module'
import process from 'node:process'
import { implement } from '@orpc/server'
import { contract } from '../contract/api.ts'
import type { StudyView } from '../contract/studies.ts'
import { cacheDirectory } from '../engine/environment.ts'
import { installEngine } from '../engine/install.ts'
import type { Progress } from '../engine/protocol.ts'
import { browse } from './browse.ts'
import { catalogue } from './catalogue.ts'
import { importCheckpoint } from './checkpoints.ts'
import type { ReadOptions } from './contents/reader.ts'
import { checkVolumes, fileStates } from './contents/ready.ts'
import { locateFiles, scanAgain, takeFindings } from './contents/rescan.ts'
import { demonstrationStudy } from './demonstration.ts'
import { endable } from './endable.ts'
import { type Activity, watchEngines } from './engine-state.ts'
import { saveFigure } from './figures/save.ts'
import type { Frames } from './frames.ts'
import { nameOfFolder } from './names.ts'
import { callersPath } from './profile.ts'
import { ownRecipes, saveRecipe, setRecipeHidden } from './recipes.ts'
import { makeReproductions } from './reproduction/window.ts'
import { again, fineTune, moveRun, resume, startRequested, stopRun } from './run-requests.ts'
import { layersOf, setRunHidden, viewRun, viewRuns } from './run-views.ts'
import type { WithQueue } from './runs/queue.ts'
import { saveReconstruction } from './save.ts'
import { addScans, removeScan } from './scans.ts'
import { changeSettings, readSettings } from './settings.ts'
import { freeName, importStudy, setStudyHidden, studyById, summariseStudies } from './studies.ts'
import { makeSyntheticKnee } from './synthetic-knee.ts'
import { previewViews } from './views.ts'
import { watch } from './watch.ts'
import { followWork } from './work.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

type OnProgress = (progress: Progress) => void

export function makeRouter(opened: WithQueue, frames: Frames) {
  const engines = watchEngines(opened.engines, () => opened.queue.doing)
  const reproductions = makeReproductions(opened)

  let demonstration: Promise<number> | null = null
  const demonstrationId = () => {
    demonstration ??= demonstrationStudy(opened).then(study => study.id)
    demonstration.catch(() => {
      demonstration = null // the next one tries again
    })
    return demonstration
  }
  demonstrationId().catch(error => console.error(error))

  /** A long work under a name in the bottom line; `unit`: what its progress counts. */
  const work = <Result>(
    words: string,
    outer: AbortSignal | undefined,
    begin: (options: { onProgress: OnProgress; signal: AbortSignal }) => Promise<Result>,
    unit = '',
  ) =>
    endable(signal => {
      const activity = engines.begin(words)
      const run = (onProgress: OnProgress, aborted: AbortSignal) =>
        begin({
          onProgress(progress) {
            const { done, total } = progress
            activity.update(
              total > 0 ? `${words}: ${Math.floor(done)} of ${Math.ceil(total)}${unit && ` ${unit}`}` : words,
            )
            onProgress(progress)
          },
          signal: aborted,
        }).finally(activity.end)
      return followWork(run, signal)
    }, outer)

  /** A call that may have to wait for files that nobody has read yet: the bottom line says so. */
  async function reading<Result>(signal: AbortSignal | undefined, begin: (options: ReadOptions) => Promise<Result>) {
    let activity: Activity | null = null
    const onProgress: OnProgress = ({ done, total }) => {
      activity ??= engines.begin('reading files')
      activity.update(`reading files: ${Math.floor(done)} of ${Math.ceil(total)} MB`)
    }
    try {
      return await begin({ onProgress, signal })
    } finally {
      ;(activity as Activity | null)?.end()
    }
  }

  function viewStudy(id: number): StudyView {
    const study = studyById(opened.profile, id)
    return { ...study, states: fileStates(opened, study) }
  }

  const api = implement(contract)
  return api.router({
    app: {
      info: api.app.info.handler(async () => ({
        version,
        profile: opened.profile.directory,
        cache: cacheDirectory(),
        platform: `${process.platform} ${process.arch}`,
        demonstration: await demonstrationId(),
      })),
      settings: {
        get: api.app.settings.get.handler(() => readSettings(opened.profile)),
        set: api.app.settings.set.handler(({ input }) => changeSettings(opened.profile, opened.engines, input)),
      },
      watch: api.app.watch.handler(({ input, signal }) =>
        endable(aborted => watch(opened.profile, engines, input.afterSeq, aborted), signal),
      ),
      browse: api.app.browse.handler(({ input }) => browse(input.path)),
    },
    engine: {
      install: api.engine.install.handler(({ input, signal }) =>
        work('installing the engine', signal, async ({ onProgress, signal: aborted }) => {
          const onStep = ({ label, fraction }: { label: string; fraction: number | null }) =>
            onProgress({ done: Math.round((fraction ?? 0) * 100), total: fraction === null ? 0 : 100, label })
          await installEngine({ variant: input.variant ?? 'auto', onProgress: onStep, signal: aborted })
          opened.engines.renew()
          return engines.state()
        }),
      ),
      doctor: api.engine.doctor.handler(async ({ signal }) =>
        (await opened.engines.jobs(signal)).call('doctor', {}, { signal }),
      ),
    },
    studies: {
      list: api.studies.list.handler(async () => {
        await demonstrationId().catch(() => {}) // said already; the other studies are there
        return summariseStudies(opened.profile)
      }),
      get: api.studies.get.handler(({ input }) => viewStudy(input.study)),
      read: api.studies.read.handler(({ input, signal }) =>
        work(
          'reading files',
          signal,
          async options => {
            const study = studyById(opened.profile, input.study)
            await checkVolumes(opened, study, study.volumes, options)
            return viewStudy(study.id)
          },
          'MB',
        ),
      ),
      scan: api.studies.scan.handler(({ input, signal }) =>
        work('scanning files', signal, options => scanAgain(opened, input.study, options), 'MB'),
      ),
      take: api.studies.take.handler(({ input: { study, ...input }, signal }) =>
        work(
          'taking files',
          signal,
          async options => {
            await takeFindings(opened, study, { ...input, ...options })
            return viewStudy(study)
          },
          'MB',
        ),
      ),
      locate: api.studies.locate.handler(({ input, signal }) =>
        work(
          'looking for files',
          signal,
          options => locateFiles(opened, input.study, callersPath(input.folder), options),
          'MB',
        ),
      ),
      import: api.studies.import.handler(({ input, signal }) =>
        work('scanning files', signal, options => {
          const paths = input.paths.map(callersPath)
          const name = input.name ?? freeName(opened.profile, nameOfFolder(paths[0]))
          const request = { paths, name, slices: input.slices ?? { kind: 'all' as const }, splitSeed: 0 }
          return importStudy(opened, request, options)
        }),
      ),
      synthesize: api.studies.synthesize.handler(({ input, signal }) =>
        work('making synthetic knees', signal, options => makeSyntheticKnee(opened, input, options)),
      ),
      hide: api.studies.hide.handler(({ input }) => setStudyHidden(opened.profile, input.study, true)),
      restore: api.studies.restore.handler(({ input }) => setStudyHidden(opened.profile, input.study, false)),
      addScans: api.studies.addScans.handler(({ input, signal }) =>
        addScans(opened, input.paths.map(callersPath), signal),
      ),
      removeScan: api.studies.removeScan.handler(({ input }) => removeScan(opened.profile, input.volume)),
    },
    catalogue: api.catalogue.handler(() => catalogue()),
    recipes: {
      list: api.recipes.list.handler(() => ownRecipes(opened.profile)),
      save: api.recipes.save.handler(({ input }) => saveRecipe(opened.profile, input)),
      hide: api.recipes.hide.handler(({ input }) => setRecipeHidden(opened.profile, input.id, true)),
      restore: api.recipes.restore.handler(({ input }) => setRecipeHidden(opened.profile, input.id, false)),
    },
    reproductions: {
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
    },
    runs: {
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
      hide: api.runs.hide.handler(({ input }) => setRunHidden(opened.profile, input.run, true)),
      restore: api.runs.restore.handler(({ input }) => setRunHidden(opened.profile, input.run, false)),
      importCheckpoint: api.runs.importCheckpoint.handler(({ input }) => ({
        run: importCheckpoint(opened.profile, input.study, callersPath(input.path)),
      })),
    },
    score: api.score.handler(({ input, signal }) => frames.score(input, signal)),
    save: api.save.handler(({ input, signal }) =>
      work('reconstructing', signal, options => saveReconstruction(opened, input, options)),
    ),
    figure: api.figure.handler(({ input, signal }) =>
      work('drawing a figure', signal, options => saveFigure(opened, frames, input, options)),
    ),
  })
}
