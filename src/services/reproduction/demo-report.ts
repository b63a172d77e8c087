/** The output of `demo --json`, made from the report of the reproduction. */
import { z } from 'zod'
import { Metrics, Protocol, VolumeScore } from '../../contract/evaluation.ts'
import { Origin, withFormerOrigin } from '../../contract/origin.ts'
import type { ReproductionReport, ReproductionRow, RowTraining } from '../../contract/reproduction.ts'
import { TrainingSummary } from '../../contract/training-summary.ts'

const KINDS = ['zero-filled', 'fine-tuned', 'control', 'baseline'] as const

const DemoRow = z.object({
  kind: z.enum(KINDS),
  label: z.string(),
  network: z.string().nullable(),
  channels: z.int().nullable(),
  pretraining: TrainingSummary.extend({ method: z.string() }).nullable(),
  training: TrainingSummary.nullable(),
  /** Seconds of the steps of pre-training and training. 0 for zero-filled. */
  totalSeconds: z.number(),
  metrics: Metrics.extend({ foreground: Metrics }),
  volumes: z.array(VolumeScore),
})
type DemoRow = z.infer<typeof DemoRow>

export const DemoReport = withFormerOrigin(
  z.object({
    study: z.string(),
    /** Shown with the study: attribution, remarks on the data. */
    remarks: z.array(z.string()),
    origin: Origin,
    seed: z.int(),
    device: z.string(),
    split: z.object({ train: z.array(z.string()), val: z.array(z.string()), test: z.array(z.string()) }),
    protocol: Protocol,
    rows: z.array(DemoRow),
    files: z.object({ figure: z.string(), page: z.string() }),
  }),
)
export type DemoReport = z.infer<typeof DemoReport>

/** Omits the fields that a reproduction adds to a summary. */
const summaryOf = ({ settings: _settings, figures: _figures, curve: _curve, ...summary }: RowTraining) => summary

const demoRow = (kind: DemoRow['kind'], row: ReproductionRow): DemoRow => ({
  kind,
  label: row.label,
  network: row.networkLabel,
  channels: row.channels,
  pretraining: row.pretraining && { ...summaryOf(row.pretraining), method: row.methodLabel! },
  training: row.training && summaryOf(row.training),
  totalSeconds: row.totalSeconds,
  metrics: row.metrics,
  volumes: row.volumes,
})

/** The output for a demonstration. `device`: the device of this computer. */
export function demoReport(report: ReproductionReport, device: string, files: DemoReport['files']): DemoReport {
  const { study, remarks, origin, request, protocol } = report
  const [{ train, val, test }] = report.folds
  const rows = KINDS.flatMap(kind => report.rows.filter(row => row.kind === kind).map(row => demoRow(kind, row)))
  return {
    study,
    remarks,
    origin,
    seed: request.demo!.seed,
    device,
    split: { train, val, test },
    protocol,
    rows,
    files,
  }
}
