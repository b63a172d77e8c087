/** Which screen is open; the address keeps it, so that reloading and going back work. */
import { create } from 'zustand'

export const SCREENS = ['studies', 'runs', 'compare', 'reproductions', 'settings'] as const
export type Screen = (typeof SCREENS)[number]

/** What a screen opens with: a form, a run, or a reproduction. */
interface Where {
  readonly screen: Screen
  readonly detail: string | null
}

/** Addresses of versions up to 0.1.0, which users may have kept. */
const FORMER: Readonly<Record<string, Screen>> = { report: 'reproductions' }

function fromAddress(): Where {
  const [screen, detail = null] = location.hash.slice(1).split('/')
  return { screen: SCREENS.find(name => name === screen) ?? FORMER[screen] ?? 'compare', detail }
}

export const useScreen = create<Where>(() => fromAddress())

export function goToScreen(screen: Screen, detail: string | null = null): void {
  location.hash = detail ? `${screen}/${detail}` : screen
}

addEventListener('hashchange', () => useScreen.setState(fromAddress()))
