/** The contract's procedures on studies. */
import { implement } from '@orpc/server'
import { contract } from '../../contract/api.ts'
import type { StudyView } from '../../contract/studies.ts'
import { callersPath } from '../profile/paths.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { checkVolumes, fileStates } from '../studies/contents/ready.ts'
import { locateFiles, scanAgain, takeFindings } from '../studies/contents/rescan.ts'
import { multiCoilDemonstration } from '../studies/demonstration.ts'
import { nameOfFolder } from '../studies/names.ts'
import { addScans, removeScan } from '../studies/scans.ts'
import {
  freeName,
  importStudy,
  setAcknowledged,
  setStudyHidden,
  studyById,
  summariseStudies,
} from '../studies/studies.ts'
import { makeSyntheticKnee, patientsOfRoles } from '../studies/synthetic-knee.ts'
import type { Works } from './works.ts'

const api = implement(contract)

/** `demonstrationId`: imports the demonstration study if it is not there. */
export function studyProcedures(opened: OpenProfile, { work }: Works, demonstrationId: () => Promise<number>) {
  function viewStudy(id: number): StudyView {
    const study = studyById(opened.profile, id)
    return { ...study, states: fileStates(opened, study) }
  }

  return {
    list: api.studies.list.handler(async () => {
      await demonstrationId().catch(() => {}) // logged before; the other studies are listed
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
      work('making synthetic knees', signal, options =>
        makeSyntheticKnee(opened, { ...input, patients: patientsOfRoles(input.patients) }, options),
      ),
    ),
    demonstrateCoils: api.studies.demonstrateCoils.handler(({ signal }) =>
      work('making the multi-coil demonstration', signal, options => multiCoilDemonstration(opened, options)),
    ),
    hide: api.studies.hide.handler(({ input }) => setStudyHidden(opened.profile, input.study, true)),
    restore: api.studies.restore.handler(({ input }) => setStudyHidden(opened.profile, input.study, false)),
    acknowledge: api.studies.acknowledge.handler(({ input }) =>
      setAcknowledged(opened.profile, input.study, input.acknowledged),
    ),
    addScans: api.studies.addScans.handler(({ input, signal }) =>
      addScans(opened, input.paths.map(callersPath), signal),
    ),
    removeScan: api.studies.removeScan.handler(({ input }) => removeScan(opened.profile, input.volume)),
  }
}
