/** The devices that train, each with its work, and the jobs on other machines. */
import { Button, Progress } from '@mantine/core'
import type { DeviceState, EngineState } from '../../contract/engine.ts'
import { gigabytes, programInWords } from '../../presentation/devices.ts'
import { NONE } from '../../presentation/numbers.ts'
import { degrees, jobsInWords, memoryOf } from '../app/devices.ts'
import { goToScreen } from '../app/navigation.ts'
import style from './device-table.module.css'

export function DeviceTable({ engine, onLeave }: { engine: EngineState; onLeave: () => void }) {
  const { devices } = engine
  const jobs = jobsInWords(engine)
  const go = (screen: 'runs' | 'settings', detail: string | null) => {
    onLeave()
    goToScreen(screen, detail)
  }
  return (
    <div className={style.panel}>
      {devices.length > 0 && (
        <table className={style.table} aria-label="Devices">
          <thead>
            <tr>
              <th>Device</th>
              <th>Work</th>
              <th>Memory</th>
              <th>Temperature</th>
              <th>Other programs</th>
            </tr>
          </thead>
          <tbody>
            {devices.map(device => (
              <Row
                key={device.label}
                device={device}
                // A machine without a GPU has one device, on which all engines compute.
                residentBytes={device.kind === 'CPU' ? engine.residentBytes : device.residentBytes}
                onRun={run => go('runs', run)}
              />
            ))}
          </tbody>
        </table>
      )}
      <div className={style.foot}>
        <span>{jobs ? `On other machines: ${jobs}.` : ''}</span>
        <Button size="compact-xs" onClick={() => go('runs', null)}>
          Show runs
        </Button>
        <Button size="compact-xs" onClick={() => go('settings', 'execution')}>
          Choose where trainings run
        </Button>
      </div>
    </div>
  )
}

interface RowProps {
  readonly device: DeviceState
  readonly residentBytes: number
  readonly onRun: (run: string) => void
}

function Row({ device, residentBytes, onRun }: RowProps) {
  const { label, name, runs, isMissing } = device
  const gpu = isMissing ? null : device.gpu
  const memory = gpu ? memoryOf(device) : residentBytes > 0 ? gigabytes(residentBytes) : null
  const share = gpu?.usedBytes != null && gpu.totalBytes ? (100 * gpu.usedBytes) / gpu.totalBytes : null
  return (
    <tr>
      <th scope="row">
        {label}
        {name && <span className={style.name}>{name}</span>}
      </th>
      <td data-missing={isMissing || undefined}>
        {isMissing && 'does not answer'}
        {!isMissing && runs.length === 0 && <span className="secondary">idle</span>}
        {runs.map(({ run, words }) => (
          <button key={run} type="button" className={style.run} onClick={() => onRun(run)}>
            {words}
          </button>
        ))}
      </td>
      <td className={style.number}>
        {isMissing ? NONE : (memory ?? NONE)}
        {share !== null && <Progress size="xs" value={share} aria-label={`Memory of ${label}`} />}
      </td>
      <td className={style.number}>{gpu?.temperature != null ? degrees(gpu.temperature) : NONE}</td>
      <td>
        {gpu && gpu.others.length > 0
          ? gpu.others.map(other => (
              <span key={other.pid} className={style.other}>
                {programInWords(other)}
              </span>
            ))
          : NONE}
      </td>
    </tr>
  )
}
