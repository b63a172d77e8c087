/** Plotly in React: loaded when the first plot is drawn, updated in place. */
import type { Config, Data, Layout } from 'plotly.js'
import { useEffect, useRef } from 'react'
import 'plotly.js/dist/plotly.css'
import { token } from './token.ts'

const plotly = () => import('plotly.js/dist/plotly-basic.min.js').then(module => module.default)

const CONFIG: Partial<Config> = {
  displaylogo: false,
  responsive: true,
  modeBarButtonsToRemove: ['select2d', 'lasso2d', 'autoScale2d'],
}

const PLAIN: Partial<Config> = { responsive: true, displayModeBar: false }

interface Props {
  readonly label: string
  readonly data: Data[]
  readonly x: string
  readonly y: string
  /** Values that there can be. */
  readonly bounds?: readonly [number, number]
  /** The axis shows all of the bounds, not what the data take of them. */
  readonly whole?: boolean
  /** A dashed line to compare with. */
  readonly level?: { readonly value: number; readonly label: string }
  /** The axes that are logarithmic. */
  readonly logarithmic?: 'x' | 'xy'
  /** Without tools above the plot. */
  readonly plain?: boolean
  /** Small, among others: few ticks, narrow margins, no tools. */
  readonly compact?: boolean
}

/** The page's own colours: Plotly takes none from style sheets. */
function layoutFor({ x, y, bounds, whole, level, logarithmic, compact }: Props): Partial<Layout> {
  const axis = (title: string) => ({
    title: { text: title, font: { size: 12 }, standoff: 6 },
    gridcolor: token('--line'),
    zerolinecolor: token('--line'),
    linecolor: token('--line'),
    automargin: true,
    exponentformat: 'e' as const,
  })
  return {
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: getComputedStyle(document.body).fontFamily, size: 11, color: token('--secondary') },
    // The level's name stands beside the plot, where no line goes through it.
    margin: compact ? { l: 28, r: level ? 56 : 8, t: 6, b: 20 } : { l: 48, r: level ? 64 : 12, t: 8, b: 36 },
    xaxis: {
      ...axis(x),
      ...(logarithmic ? { type: 'log', dtick: 1 } : { rangemode: 'tozero' }),
      ...(compact && { nticks: 6 }),
    },
    yaxis: {
      ...axis(y),
      ...(logarithmic === 'xy' && { type: 'log' as const, dtick: 'D2', tickformat: '~g' }),
      ...(bounds && !whole && { minallowed: bounds[0], maxallowed: bounds[1] }),
      // A little more, so that the last tick and what lies on the bound are seen.
      ...(bounds && whole && { range: [bounds[0], bounds[1] + 0.06 * (bounds[1] - bounds[0])] }),
      ...(compact && { nticks: 5 }),
    },
    ...(level && {
      shapes: [
        {
          type: 'line',
          xref: 'paper',
          x0: 0,
          x1: 1,
          y0: level.value,
          y1: level.value,
          line: { color: token('--secondary'), width: 1, dash: 'dash' },
        },
      ],
      annotations: [
        {
          xref: 'paper',
          x: 1,
          y: logarithmic === 'xy' ? Math.log10(level.value) : level.value,
          xanchor: 'left',
          yanchor: 'middle',
          showarrow: false,
          text: level.label,
          font: { size: 10, color: token('--secondary') },
        },
      ],
    }),
    showlegend: false,
    hovermode: 'x unified',
    hoverlabel: { bgcolor: token('--raised'), bordercolor: token('--line'), font: { color: token('--text') } },
    uirevision: `${x} ${y}`,
  }
}

export function Plot(props: Props) {
  const element = useRef<HTMLDivElement>(null)
  const { label, data } = props
  useEffect(() => {
    let there = true
    const target = element.current!
    void plotly().then(library => {
      if (there) void library.react(target, data, layoutFor(props), props.compact || props.plain ? PLAIN : CONFIG)
    })
    return () => {
      there = false
    }
  })
  useEffect(() => {
    const target = element.current!
    return () => {
      void plotly().then(library => library.purge(target))
    }
  }, [])
  return <div ref={element} role="img" aria-label={label} style={{ width: '100%', height: '100%' }} />
}
