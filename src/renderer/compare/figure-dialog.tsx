/** The panes as a figure for a paper: what is in it, how it looks, where it goes. */
import { Button, Checkbox, Modal, NumberInput, SegmentedControl, Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import { sliceStem, stemOf } from '../../contract/exports.ts'
import { FIGURE_FORMATS, FIGURE_WIDTHS, type FigureFormat, type FigureInput } from '../../contract/figure.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { errorText } from '../app/client.ts'
import type { Shape } from '../viewer/marks.ts'
import { shapesOf } from '../viewer/shapes.ts'
import type { Comparison } from '../viewer/sources.ts'
import { useView } from '../viewer/view.ts'
import style from './figure-dialog.module.css'
import { type Choices, leftOut, panesOf, shareOf } from './figure-request.ts'
import { copyFigure, figureImage, saveFigure } from './save.ts'

interface Props {
  readonly comparison: Comparison
  readonly volume: StudyVolume
}

const close = () => useView.setState({ figure: false })

export function FigureDialog({ comparison, volume }: Props) {
  const rectangle = useView(view => shapesOf(view).find(({ id, kind }) => id === view.selected && kind !== 'line'))
  const [choices, setChoices] = useState<Choices>({
    columns:
      comparison.panes.length > 4 ? Math.min(4, Math.ceil(comparison.panes.length / 2)) : comparison.panes.length,
    errorRow: false,
    inset: rectangle !== undefined,
    labels: true,
    metrics: true,
    colourBar: true,
    width: FIGURE_WIDTHS.page,
    dpi: 300,
    format: 'png',
  })
  const change = (changes: Partial<Choices>) => setChoices({ ...choices, ...changes })
  const { slice, mask, seed, errorScale, signedErrors } = useView.getState()
  const { inset, errorRow, ...plain } = choices
  const panes = panesOf(comparison)
  const missing = leftOut(comparison.panes.filter(({ source }) => source !== null).length - panes.length)
  const request: FigureInput = {
    ...plain,
    volume: volume.id,
    slice,
    mask,
    seed,
    panes: errorRow ? panes.filter(({ error }) => !error) : panes,
    errorRow: errorRow ? { scale: errorScale, signed: signedErrors } : null,
    inset: inset && rectangle ? shareOf(rectangle) : null,
  }
  const name = sliceStem(stemOf(volume.file), slice)
  return (
    <Modal opened onClose={close} title="Figure for a paper" size={1080}>
      <div className={style.dialog}>
        <ChoiceFields
          {...{ choices, change, volume, rectangle }}
          errors={{ scale: errorScale, signed: signedErrors }}
        />
        <Preview request={request} />
        <div className={style.actions}>
          {missing && <output className="secondary">{missing}</output>}
          <Button onClick={() => void copyFigure(request)}>Copy figure</Button>
          <Button variant="filled" disabled={panes.length === 0} onClick={() => void saveFigure(request, name)}>
            Save figure…
          </Button>
        </div>
      </div>
    </Modal>
  )
}

interface FieldsProps {
  readonly choices: Choices
  readonly change: (changes: Partial<Choices>) => void
  readonly volume: StudyVolume
  /** The selected rectangle, which can be magnified. */
  readonly rectangle: Shape | undefined
  readonly errors: { readonly scale: number; readonly signed: boolean }
}

function ChoiceFields({ choices, change, volume, rectangle, errors }: FieldsProps) {
  const check = (which: 'errorRow' | 'labels' | 'metrics' | 'colourBar', label: string) => (
    <Checkbox label={label} checked={choices[which]} onChange={event => change({ [which]: event.target.checked })} />
  )
  return (
    <div className={style.choices}>
      <SegmentedControl
        aria-label="Width"
        value={String(choices.width)}
        onChange={value => change({ width: Number(value) })}
        data={[
          { value: String(FIGURE_WIDTHS.page), label: `page, ${FIGURE_WIDTHS.page} mm` },
          { value: String(FIGURE_WIDTHS.column), label: `column, ${FIGURE_WIDTHS.column} mm` },
        ]}
      />
      <NumberInput
        label="Images per row"
        value={choices.columns}
        min={1}
        max={4}
        onChange={value => Number(value) >= 1 && change({ columns: Number(value) })}
      />
      {check('labels', 'Labels')}
      {check('metrics', 'SSIM, PSNR, NMSE of the slice')}
      {check('colourBar', 'Colour bar of the images')}
      {volume.targetShape && check('errorRow', `Error maps below, ×${errors.scale}${errors.signed ? ', signed' : ''}`)}
      <Checkbox
        label="Magnified detail"
        description={rectangle ? rectangle.label : 'Draw and select a rectangle first (R).'}
        disabled={!rectangle}
        checked={choices.inset && rectangle !== undefined}
        onChange={event => change({ inset: event.target.checked })}
      />
      <Select
        label="Format"
        data={FIGURE_FORMATS.map(format => ({ value: format, label: format.toUpperCase() }))}
        value={choices.format}
        onChange={value => value && change({ format: value as FigureFormat })}
        allowDeselect={false}
      />
      {choices.format === 'png' && (
        <NumberInput
          label="Resolution"
          suffix=" dpi"
          value={choices.dpi}
          min={300}
          max={1200}
          step={100}
          onChange={value => Number(value) >= 300 && change({ dpi: Number(value) })}
        />
      )}
    </div>
  )
}

/** The figure as it will be; the last one stays while the next is drawn. */
function Preview({ request }: { request: FigureInput }) {
  const [text] = useDebouncedValue(JSON.stringify(request), 250)
  const [drawn, setDrawn] = useState<{ url: string } | { failure: string } | null>(null)
  useEffect(() => {
    const leaving = new AbortController()
    figureImage(JSON.parse(text), leaving.signal).then(
      url => (leaving.signal.aborted ? URL.revokeObjectURL(url) : setDrawn({ url })),
      error => leaving.signal.aborted || setDrawn({ failure: errorText(error) }),
    )
    return () => leaving.abort()
  }, [text])
  useEffect(
    () => () => {
      if (drawn && 'url' in drawn) URL.revokeObjectURL(drawn.url)
    },
    [drawn],
  )
  return (
    <div className={style.preview}>
      {drawn === null && <p className="secondary">Drawing …</p>}
      {drawn && 'failure' in drawn && <p role="alert">{drawn.failure}</p>}
      {drawn && 'url' in drawn && <img src={drawn.url} alt="The figure as it will be" />}
    </div>
  )
}
