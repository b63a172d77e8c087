/** One colour a run, in Okabe–Ito order, the same in every plot, list and pane. */
const OKABE_ITO = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'] as const

export function runColour(run: string): string {
  return OKABE_ITO[Math.abs(Number(run)) % OKABE_ITO.length] ?? OKABE_ITO[0]
}
