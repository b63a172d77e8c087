import Table from 'cli-table3'
import { Command } from 'commander'
import { ROLES } from '../../contract/volumes.ts'
import { findStudy, listStudies, type Study, type StudyVolume } from '../../services/studies.ts'
import { STUDY_HELP } from '../options.ts'
import { inSession } from '../session.ts'
import { print, printJson } from '../terminal.ts'

function sampling({ sampling }: StudyVolume): string {
  if (sampling.kind === 'unread') return 'not read yet'
  if (sampling.kind === 'full') return 'full'
  const how = sampling.kind === 'irregular' ? sampling.pattern : sampling.evidence
  return `${sampling.acceleration.toFixed(2)}× (${how})`
}

/** A study in text: its volumes with their roles, what could not be used, and its remarks. */
export function describeStudy(study: Study): string {
  const table = new Table({
    head: ['file', 'role', 'slices', 'matrix', 'acquisition', 'k-space', 'truth'],
    style: { head: [], border: [], compact: true },
  })
  for (const volume of study.volumes) {
    const name = volume.synthetic ? `${volume.file} (synthetic)` : volume.file
    table.push([
      name,
      volume.role,
      volume.slices,
      `${volume.rows} × ${volume.columns}`,
      volume.acquisition ?? '–',
      sampling(volume),
      volume.targetShape ? 'yes' : 'no',
    ])
  }
  const split = study.split.seed === null ? `roles by ${study.split.by}` : `split by patient, seed ${study.split.seed}`
  const counts = ROLES.map(role => `${study.volumes.filter(volume => volume.role === role).length} ${role}`).join(', ')
  return [
    `Study ${study.id}: ${study.name} (${counts}; ${split})`,
    table.toString(),
    ...study.skipped.map(({ path, reason }) => `Skipped ${path}: ${reason}`),
    ...study.remarks,
  ].join('\n')
}

export const studiesCommand = (): Command =>
  new Command('studies')
    .description('List the studies, or show one')
    .argument('[study]', STUDY_HELP)
    .action((which: string | undefined, _options, command: Command) =>
      inSession(
        command,
        async ({ services, json }) => {
          const studies = which === undefined ? listStudies(services) : [findStudy(services, which)]
          if (json) printJson(which === undefined ? studies : studies[0])
          else if (studies.length === 0)
            print('No study yet. Import one with: self-mri import PATH, or --demonstration')
          else if (which === undefined)
            for (const study of studies) print(`${study.id}  ${study.name}  ${study.volumes.length} volumes`)
          else print(describeStudy(studies[0]))
        },
        { readOnly: true },
      ),
    )
