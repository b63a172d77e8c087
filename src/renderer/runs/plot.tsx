/** Plotly in React: loaded when the first plot is drawn, updated in place. */

import type { Config, Data, Layout } from 'plotly.js'
import { useEffect, useRef } from 'react'
import 'plotly.js/dist/plotly.css'

const plotly = () => import('plotly.js/dist/plotly-basic.min.js').then(module => module.default)

const CONFIG: Partial<Config> = {
  displaylogo: false,
  responsive: true,
  modeBarButtonsToRemove: ['select2d', 'lasso2d', 'autoScale2d'],
}

interface Props {
  readonly label: string
  readonly data: Data[]
  readonly x: string
  readonly y: string
  /** Values that there can be. */
  readonly bounds?: readonly [number, number]
}

/** The page's own colours: Plotly takes none from style sheets. */
function layoutFor({ x, y, bounds }: Props): Partial<Layout> {
  const css = getComputedStyle(document.documentElement)
  const colour = (name: string) => css.getPropertyValue(name).trim()
  const axis = (title: string) => ({
    title: { text: title, font: { size: 12 }, standoff: 6 },
    gridcolor: colour('--line'),
    zerolinecolor: colour('--line'),
    linecolor: colour('--line'),
    automargin: true,
  })
  return {
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: css.fontFamily, size: 11, color: colour('--secondary') },
    margin: { l: 48, r: 12, t: 8, b: 36 },
    xaxis: { ...axis(x), rangemode: 'tozero' },
    yaxis: { ...axis(y), ...(bounds && { minallowed: bounds[0], maxallowed: bounds[1] }) },
    showlegend: false,
    hovermode: 'x unified',
    hoverlabel: { bgcolor: colour('--raised'), bordercolor: colour('--line'), font: { color: colour('--text') } },
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
      if (there) void library.react(target, data, layoutFor(props), CONFIG)
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
