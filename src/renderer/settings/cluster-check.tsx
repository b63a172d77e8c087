/** Asks whether jobs with the settings of the form can run, and shows each answer. */
import { Button } from '@mantine/core'
import { useState } from 'react'
import { type ClusterFinding, SlurmSettings } from '../../contract/execution.ts'
import { client } from '../app/client.ts'
import { CopyAction } from '../app/copy-action.tsx'
import { tellError } from '../app/notify.tsx'
import style from './settings.module.css'

const MARK: Readonly<Record<ClusterFinding['state'], string>> = { good: '✓', bad: '✕', unknown: '?' }
const MARK_WORDS: Readonly<Record<ClusterFinding['state'], string>> = {
  good: 'in order',
  bad: 'not in order',
  unknown: 'not known',
}

const textOf = (findings: readonly ClusterFinding[]) =>
  findings.map(({ about, state, words }) => `${about} (${MARK_WORDS[state]}): ${words}`).join('\n')

/** @param settings `null`: the form has faults */
export function ClusterCheck({ settings }: { settings: unknown }) {
  const [findings, setFindings] = useState<readonly ClusterFinding[] | null>(null)
  const [asking, setAsking] = useState(false)
  const check = async () => {
    setAsking(true)
    try {
      setFindings(await client.app.checkCluster(SlurmSettings.parse(settings)))
    } catch (error) {
      tellError(error, 'The cluster was not checked')
    } finally {
      setAsking(false)
    }
  }
  return (
    <div className={style.form}>
      <div className={style.buttons}>
        <Button onClick={check} loading={asking} disabled={settings === null}>
          Check cluster
        </Button>
        {findings && <CopyAction value={textOf(findings)} label="Copy answers" />}
        <span className="secondary">Asks Slurm about a job with these settings. No job is submitted.</span>
      </div>
      {findings && (
        <dl className={style.facts} aria-label="Answers of the cluster">
          {findings.map(({ about, state, words }) => (
            <div key={about} className={style.finding} data-state={state}>
              <dt>{about}</dt>
              <dd>
                <span className={style.mark} role="img" aria-label={MARK_WORDS[state]}>
                  {MARK[state]}
                </span>{' '}
                <span className="selectable">{words}</span>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  )
}
