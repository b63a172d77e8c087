/** The comparison: one slice through several sources, side by side, between the study's lists and the numbers. */
import { useMediaQuery } from '@mantine/hooks'
import { useEffect, useMemo } from 'react'
import { Group, Panel, Separator } from 'react-resizable-panels'
import { framePath } from '../../contract/images.ts'
import { useOpenStudy, versionOf } from '../queries.ts'
import { type GreyWindow, NARROW, openVolume, useView } from '../view.ts'
import { fitWindow } from '../viewer/drawing.ts'
import { type Frame, fetchAhead, useFrame } from '../viewer/frames.ts'
import { Pane } from '../viewer/pane.tsx'
import { type Comparison, useComparison } from '../viewer/sources.ts'
import style from './compare.module.css'
import { useViewerKeys } from './keys.ts'
import { NavigationPanel } from './navigation-panel.tsx'
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
  const leftPanel = useView(view => view.leftPanel)
  const rightPanel = useRightPanel()
  const focus = useView(view => view.focus)
  const focused = comparison.panes.find(({ slot }) => slot === focus)?.run
  useViewerKeys(comparison.volume?.slices ?? 1, focused?.checkpoint ? focused.id : null)
  return (
    <Group className={style.screen} id="compare">
      {leftPanel && (
        <>
          <Panel id="navigation" className={style.side} defaultSize={248} minSize={180} maxSize={420}>
            <NavigationPanel comparison={comparison} />
          </Panel>
          <Separator className={style.separator} />
        </>
      )}
      <Panel id="panes" minSize={360}>
        <main className={style.middle}>
          <Toolbar comparison={comparison} />
          <Panes comparison={comparison} />
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

/**
 * The window that all panes in the file's units share: the user's, else fitted to the first image of the volume that came (the ground
 * truth where there is one) and kept while scrolling.
 */
function useSharedWindow(reference: Frame | null, volume: number | undefined): GreyWindow | null {
  const chosen = useView(view => view.window)
  const fitted = useMemo(() => new Map<number, GreyWindow>(), [])
  if (volume !== undefined && reference && !fitted.has(volume)) fitted.set(volume, fitWindow(reference.image))
  return chosen ?? (volume === undefined ? null : (fitted.get(volume) ?? null))
}

function useFetchAhead({ volume, panes }: Comparison, ready: boolean): void {
  const slice = useView(view => view.slice)
  const mask = useView(view => view.mask)
  const urls = useMemo(() => {
    if (!volume) return []
    const near = [slice + 1, slice - 1, slice + 2].filter(index => index >= 0 && index < volume.slices)
    return near.flatMap(index =>
      panes.flatMap(({ url, source, run }) =>
        url && source ? [framePath(volume.id, index, source, mask, versionOf(run))] : [],
      ),
    )
  }, [volume, panes, slice, mask])
  const list = urls.join('\n')
  useEffect(() => {
    if (!ready || list === '') return
    const leaving = new AbortController()
    void fetchAhead(list.split('\n'), leaving.signal)
    return () => leaving.abort()
  }, [list, ready])
}

function Panes({ comparison }: { comparison: Comparison }) {
  const { volume, panes } = comparison
  const slice = useView(view => view.slice)
  const mask = useView(view => view.mask)
  const truthUrl = volume?.targetShape ? framePath(volume.id, slice, 'truth', mask) : null
  const { frame: truth } = useFrame(truthUrl)
  const input = useFrame(volume && !volume.targetShape ? framePath(volume.id, slice, 'zero-filled', mask) : null)
  const shared = useSharedWindow(truth ?? input.frame, volume?.id)
  useFetchAhead(comparison, (truth ?? input.frame) !== null)
  if (!volume) {
    return (
      <div className={style.empty}>
        <p>Choose a volume on the left to compare its reconstructions.</p>
      </div>
    )
  }
  return (
    <div className={style.panes}>
      {panes.map(pane => (
        <Pane key={pane.slot} {...{ pane, comparison, volume, truth, shared }} />
      ))}
    </div>
  )
}
