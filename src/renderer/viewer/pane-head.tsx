/** Above a pane's image: what is shown of which source, and what else there is. */
import { ActionIcon, Menu, Select } from '@mantine/core'
import { IconAdjustments, IconChartLine, IconDots, IconGridDots } from '@tabler/icons-react'
import { memo, useMemo } from 'react'
import { CLASSICAL_IDS, CLASSICAL_LABELS, classicalSource } from '../../contract/classical.ts'
import { appliesTo, withheld } from '../../contract/offered-shows.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { sourceOfSettings } from '../../contract/tuning.ts'
import { runColour } from '../../presentation/colours.ts'
import { goToScreen } from '../app/navigation.ts'
import { showFeatures } from '../app/open-features.ts'
import { SeenBadge } from './badges.tsx'
import type { PaneShow } from './layouts.ts'
import { showSettings } from './open-settings.ts'
import style from './pane.module.css'
import {
  type Comparison,
  type PaneState,
  SHOW_LABEL,
  SHOW_SHORT,
  SLOT_LABEL,
  shortLabel,
  sourceLabel,
} from './sources.ts'
import { changePane } from './view.ts'

interface HeadProps extends Pick<Comparison, 'runs' | 'study' | 'named'> {
  readonly pane: PaneState
  readonly volume: StudyVolume
  /** In a strip: what it is of, nothing to choose. */
  readonly small: boolean
  readonly title: string
}

/** Nothing of it depends on the slice. */
export const PaneHead = memo(function PaneHead({ pane, volume, small, title, runs, study, named }: HeadProps) {
  const { slot, source, run, show } = pane
  return (
    <header className={style.header}>
      <span className={style.swatch} style={{ background: run ? runColour(run.id) : 'transparent' }} />
      {show !== 'image' && (
        <span className={style.aspect} title={show === 'feature' ? pane.layer : SHOW_LABEL[show]}>
          {shownOf(pane)}
        </span>
      )}
      {small ? (
        <span className="truncate" title={title}>
          {shortLabel(pane)}
        </span>
      ) : (
        <>
          <SourceSelect {...{ pane: pane.pane, slot, source, runs, study, named }} />
          {run && <SeenBadge run={run} volume={volume} />}
          <PaneMenu {...{ pane: pane.pane, slot, source, run, show, volume }} />
        </>
      )}
    </header>
  )
})

/** 'k-space of', 'cascade 3 of', before the source's name. */
function shownOf({ show, layer, channel, cascade }: PaneState): string {
  if (show === 'feature') return `${layer}, channel ${(channel ?? 0) + 1} of`
  if (cascade !== undefined) return cascade === 0 ? 'Input of' : `Cascade ${cascade} of`
  return show === 'image' ? '' : SHOW_SHORT[show]
}

const SHOWN = Object.keys(SHOW_LABEL) as Exclude<PaneShow, 'feature'>[]

interface MenuProps extends Pick<PaneState, 'pane' | 'slot' | 'source' | 'run' | 'show'> {
  readonly volume: StudyVolume
}

/** All shows of the volume. A show that the source does not offer says why. */
function Shows({ pane, source, run, show, volume }: MenuProps) {
  return (
    <Menu.RadioGroup value={show} onChange={next => changePane(pane, { show: next as PaneShow })}>
      {SHOWN.filter(each => appliesTo(each, volume)).map(each => {
        const reason = source === null ? null : withheld(each, { source, run, volume })
        return (
          <Menu.RadioItem
            key={each}
            value={each}
            className={reason === null ? undefined : style.withheld}
            disabled={reason !== null}
            closeMenuOnClick
          >
            {SHOW_LABEL[each]}
            {reason && <span className={style.reason}>{reason}</span>}
          </Menu.RadioItem>
        )
      })}
    </Menu.RadioGroup>
  )
}

function PaneMenu(props: MenuProps) {
  const { pane, slot, source, run } = props
  const classical = source === null ? null : classicalSource(source)
  return (
    <Menu position="bottom-end" width={270}>
      <Menu.Target>
        <ActionIcon size="sm" aria-label={run ? `More of run ${run.id}` : `More of the pane ${SLOT_LABEL[slot]}`}>
          <IconDots size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Show</Menu.Label>
        <Shows {...props} />
        {classical && (
          <>
            <Menu.Divider />
            <Menu.Item leftSection={<IconAdjustments size={14} />} onClick={() => showSettings(pane, classical.method)}>
              Settings of {CLASSICAL_LABELS[classical.method]}…
            </Menu.Item>
          </>
        )}
        {run?.checkpoint && (
          <>
            <Menu.Divider />
            <Menu.Item
              leftSection={<IconGridDots size={14} />}
              rightSection={<span className="secondary">F</span>}
              onClick={() => showFeatures(run.id)}
            >
              Feature maps
            </Menu.Item>
            <Menu.Item leftSection={<IconChartLine size={14} />} onClick={() => goToScreen('runs', run.id)}>
              Open run {run.id}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}

type SourceProps = Pick<PaneState, 'pane' | 'slot' | 'source'> & Pick<Comparison, 'runs' | 'study' | 'named'>

/** Each method with its default settings and with its named settings, and the hidden settings that a pane still has. */
function classicalSources(source: string | null, named: Comparison['named']): string[] {
  const all = CLASSICAL_IDS.flatMap(method => [
    method,
    ...named.filter(({ classical }) => classical === method).map(sourceOfSettings),
  ])
  const isHidden = source !== null && classicalSource(source) && !all.includes(source)
  return isHidden ? [...all, source] : all
}

function SourceSelect({ pane, slot, source, runs, study, named }: SourceProps) {
  const data = useMemo(() => {
    const offered = runs.filter(run => run.checkpoint)
    const classical = classicalSources(source, named)
    const item = (value: string) => ({ value, label: sourceLabel(value, { runs, named }) })
    const own = offered.filter(run => run.study === study?.name).toReversed()
    const others = offered.filter(run => run.study !== study?.name).toReversed()
    return [
      { group: 'This slice', items: [item('zero-filled'), item('truth')] },
      { group: 'Classical, no training', items: classical.map(item) },
      ...(own.length > 0 ? [{ group: 'Runs of this study', items: own.map(run => item(`run:${run.id}`)) }] : []),
      ...(others.length > 0
        ? [{ group: 'Runs of other studies', items: others.map(run => item(`run:${run.id}`)) }]
        : []),
    ]
  }, [runs, study, named, source])
  return (
    <Select
      aria-label={`Source of the pane ${SLOT_LABEL[slot]}`}
      classNames={{ root: style.select, input: style.selectInput }}
      variant="unstyled"
      data={data}
      value={source}
      title={source === null ? undefined : sourceLabel(source, { runs, named })}
      placeholder={SLOT_LABEL[slot]}
      onChange={value => changePane(pane, { source: value })}
      allowDeselect={false}
      maxDropdownHeight={320}
      comboboxProps={{ width: 280, position: 'bottom-start', shadow: 'md' }}
    />
  )
}
