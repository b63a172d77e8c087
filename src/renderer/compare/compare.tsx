/** The comparison: one slice through several sources, side by side, between the study's lists and the numbers. */
import { useMediaQuery } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import { Group, Panel, Separator } from 'react-resizable-panels'
import { useShallow } from 'zustand/react/shallow'
import { needsCoils } from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { fetchAhead } from '../viewer/frames.ts'
import { useOpenStudy } from '../viewer/open-study.ts'
import { type Comparison, isClassical, type PaneState, urlOf, useComparison } from '../viewer/sources.ts'
import { goToSlice, NARROW, openVolume, sliceOf, useView } from '../viewer/view.ts'
import { ClassicalDialog } from './classical-dialog.tsx'
import style from './compare.module.css'
import { FigureDialog } from './figure-dialog.tsx'
import { useViewerKeys } from './keys.ts'
import { NavigationPanel } from './navigation-panel.tsx'
import { Panes } from './panes.tsx'
import { SidePanel } from './side-panel.tsx'
import { Toolbar } from './toolbar.tsx'

/** A study's first test volume where none of its own is open. */
function useOpenVolume({ study, volume }: Comparison): void {
  useOpenStudy()
  useEffect(() => {
    if (!study || volume) return
    const first = study.volumes.find(({ role }) => role === 'test') ?? study.volumes[0]
    if (first) openVolume(study.id, first)
  }, [study, volume])
}

export function Compare() {
  const comparison = useComparison()
  useOpenVolume(comparison)
  const panes = useRef(comparison.panes)
  panes.current = comparison.panes
  const leftPanel = useView(view => view.leftPanel)
  const figure = useView(view => view.figure)
  const rightPanel = useRightPanel()
  useViewerKeys(comparison)
  useCine(comparison.volume?.slices ?? 1)
  return (
    <Group className={style.screen} id="compare">
      {leftPanel && (
        <>
          <Panel id="navigation" className={style.side} defaultSize={248} minSize={180} maxSize={420}>
            <NavigationPanel study={comparison.study} volume={comparison.volume} runs={comparison.runs} />
          </Panel>
          <Separator className={style.separator} />
        </>
      )}
      <Panel id="panes" minSize={360}>
        <main className={style.middle}>
          <Toolbar study={comparison.study} volume={comparison.volume} panes={panes} />
          <Panes comparison={comparison} />
          {comparison.volume && <FetchAhead volume={comparison.volume} panes={comparison.panes} />}
          <ClassicalDialog comparison={comparison} />
          {figure && comparison.volume && <FigureDialog comparison={comparison} volume={comparison.volume} />}
        </main>
      </Panel>
      {rightPanel && (
        <>
          <Separator className={style.separator} />
          <Panel id="numbers" className={style.side} defaultSize={272} minSize={220} maxSize={480}>
            <SidePanel comparison={comparison} />
          </Panel>
        </>
      )}
    </Group>
  )
}

function useRightPanel(): boolean {
  const narrow = useMediaQuery(NARROW, matchMedia(NARROW).matches)
  return useView(view => (narrow ? view.rightPanelNarrow : view.rightPanel))
}

/** Slices a second. */
const CINE = 8

function useCine(slices: number): void {
  const running = useView(view => view.cine)
  useEffect(() => {
    if (!running || slices < 2) return
    const timer = setInterval(() => {
      const view = useView.getState()
      goToSlice((sliceOf(view, view.focus) + 1) % slices, slices)
    }, 1000 / CINE)
    return () => clearInterval(timer)
  }, [running, slices])
}

/** What is looked at comes first: while masks are dragged nothing is fetched ahead. */
const AHEAD_AFTER_MS = 200

/** Slices from a pane's own. */
const NEAR = [1, -1, 2, -2, 3]

/** Fetches the slices round each pane's own, once its own are there. Classical images and maps would take too long. */
function FetchAhead({ volume, panes }: { volume: StudyVolume; panes: readonly PaneState[] }) {
  const where = useView(useShallow(({ slice, mask, seed, link, own }) => ({ slice, mask, seed, link, own })))
  useEffect(() => {
    const leaving = new AbortController()
    const quick = panes.filter(pane => !isClassical(pane) && !needsCoils(pane.show))
    const urlsOf = (by: number) => quick.flatMap(pane => urlOf(where, pane, volume, by) ?? [])
    const timer = setTimeout(() => void fetchAhead([0, ...NEAR].map(urlsOf), leaving.signal), AHEAD_AFTER_MS)
    return () => {
      clearTimeout(timer)
      leaving.abort()
    }
  }, [where, panes, volume])
  return null
}
