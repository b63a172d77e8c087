/** Implements the contract's procedures with the services. */
import process from 'node:process'
import { implement } from '@orpc/server'
import { contract } from '../../contract/api.ts'
import { availableDevices } from '../../engine/devices/devices.ts'
import { cacheDirectory } from '../../engine/install/environment.ts'
import { installEngine, locateEngine } from '../../engine/install/install.ts'
import { saveFigure } from '../figures/save.ts'
import { examineDevices } from '../places/local/doctor.ts'
import { checkCluster } from '../places/slurm/check-cluster.ts'
import { databaseCaution } from '../profile/file-systems.ts'
import { keepMaskFile } from '../profile/mask-files.ts'
import { callersPath } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { changeSettings, readSettings } from '../profile/settings.ts'
import { catalogue } from '../runs/catalogue.ts'
import { VERSION } from '../runs/environment.ts'
import type { WithQueue } from '../runs/queue.ts'
import { ownRecipes, saveRecipe, setRecipeHidden } from '../runs/recipes.ts'
import { countJobs } from '../runs/runs.ts'
import { browse } from '../studies/browse.ts'
import { demonstrationStudy } from '../studies/demonstration.ts'
import { namedSettings, saveSettings, setSettingsHidden } from '../viewing/classical.ts'
import { saveKspace } from '../viewing/export-kspace.ts'
import type { Frames } from '../viewing/frames.ts'
import { saveReconstruction } from '../viewing/save.ts'
import { tune } from '../viewing/tuning.ts'
import { endable } from './endable.ts'
import { type EngineWatch, watchEngines } from './engine-state.ts'
import { reproductionProcedures, runProcedures } from './router-runs.ts'
import { studyProcedures } from './router-studies.ts'
import { watch } from './watch.ts'
import { makeWorks, type Works } from './works.ts'

const api = implement(contract)

const appProcedures = (opened: WithQueue, engines: EngineWatch, demonstrationId: () => Promise<number>) => ({
  info: api.app.info.handler(async () => ({
    version: VERSION,
    profile: opened.profile.directory,
    runs: opened.profile.runs,
    caution: databaseCaution(opened.profile.directory),
    cache: cacheDirectory(),
    platform: `${process.platform} ${process.arch}`,
    demonstration: await demonstrationId(),
  })),
  checkCluster: api.app.checkCluster.handler(({ input }) => checkCluster(input, opened.profile.runs)),
  settings: {
    get: api.app.settings.get.handler(() => readSettings(opened.profile)),
    set: api.app.settings.set.handler(async ({ input }) => {
      const changed = changeSettings(opened.profile, opened.engines, input)
      void opened.queue.refill() // does not wait, because nvidia-smi may hang
      return changed
    }),
  },
  watch: api.app.watch.handler(({ input, signal }) =>
    endable(aborted => watch(opened.profile, engines, input.afterSeq, aborted), signal),
  ),
  browse: api.app.browse.handler(({ input }) => browse(input.path)),
  maskFile: api.app.maskFile.handler(({ input }) => keepMaskFile(opened.profile, callersPath(input.path))),
})

const engineProcedures = (opened: WithQueue, engines: EngineWatch, { work }: Works) => ({
  devices: api.engine.devices.handler(async () =>
    (await availableDevices(locateEngine()?.variant ?? 'cpu')).map(({ id, label, name, kind }) => ({
      id,
      label,
      name,
      kind,
    })),
  ),
  install: api.engine.install.handler(({ input, signal }) =>
    work('installing the engine', signal, async ({ onProgress, signal: aborted }) => {
      const onStep = ({ label, fraction }: { label: string; fraction: number | null }) =>
        onProgress({ done: Math.round((fraction ?? 0) * 100), total: fraction === null ? 0 : 100, label })
      const variant = input.variant ?? 'auto'
      await installEngine({ variant, repair: true, onProgress: onStep, signal: aborted })
      opened.engines.renew()
      return engines.state()
    }),
  ),
  doctor: api.engine.doctor.handler(({ signal }) => examineDevices(opened.engines, signal)),
})

const recipeProcedures = (profile: Profile) => ({
  list: api.recipes.list.handler(() => ownRecipes(profile)),
  save: api.recipes.save.handler(({ input }) => saveRecipe(profile, input)),
  hide: api.recipes.hide.handler(({ input }) => setRecipeHidden(profile, input.id, true)),
  restore: api.recipes.restore.handler(({ input }) => setRecipeHidden(profile, input.id, false)),
})

const classicalProcedures = (opened: WithQueue, { work }: Works) => ({
  list: api.classical.list.handler(() => namedSettings(opened.profile)),
  save: api.classical.save.handler(({ input }) => saveSettings(opened.profile, input)),
  hide: api.classical.hide.handler(({ input }) => void setSettingsHidden(opened.profile, input.id, true)),
  tune: api.classical.tune.handler(({ input, signal }) =>
    work('tuning', signal, options => tune(opened, input, options)),
  ),
  restore: api.classical.restore.handler(({ input }) => void setSettingsHidden(opened.profile, input.id, false)),
})

/** Returns the number of the demonstration study. The first call imports the study. */
function demonstrationOf(opened: WithQueue): () => Promise<number> {
  let demonstration: Promise<number> | null = null
  return () => {
    demonstration ??= demonstrationStudy(opened).then(study => study.id)
    demonstration.catch(() => {
      demonstration = null // the next call tries again
    })
    return demonstration
  }
}

export function makeRouter(opened: WithQueue, frames: Frames) {
  const trainings = () => ({ doing: opened.queue.doing, jobs: countJobs(opened.profile) })
  const engines = watchEngines(opened.engines, trainings)
  const works = makeWorks(engines)
  const { work } = works
  const demonstrationId = demonstrationOf(opened)
  demonstrationId().catch(error => console.error(error))
  return api.router({
    app: appProcedures(opened, engines, demonstrationId),
    engine: engineProcedures(opened, engines, works),
    studies: studyProcedures(opened, works, demonstrationId),
    catalogue: api.catalogue.handler(() => catalogue()),
    recipes: recipeProcedures(opened.profile),
    classical: classicalProcedures(opened, works),
    reproductions: reproductionProcedures(opened, works),
    runs: runProcedures(opened, works),
    score: api.score.handler(({ input, signal }) =>
      work('scoring a volume', signal, it => frames.score(input, it.signal, it.onProgress), 'slices'),
    ),
    save: api.save.handler(({ input, signal }) =>
      work('reconstructing', signal, options => saveReconstruction(opened, input, options)),
    ),
    saveKspace: api.saveKspace.handler(({ input, signal }) =>
      work('writing k-space', signal, options => saveKspace(opened, input, options)),
    ),
    figure: api.figure.handler(({ input, signal }) =>
      work('drawing a figure', signal, options => saveFigure(opened, frames, input, options)),
    ),
  })
}
