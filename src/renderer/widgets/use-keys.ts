/** Keys of a screen: everywhere but where text is typed or a list is open. */
import { getHotkeyHandler, type HotkeyItem } from '@mantine/hooks'
import { useEffect } from 'react'

const TEXTLESS = new Set(['radio', 'checkbox', 'button', 'range'])

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true
  return target instanceof HTMLInputElement && !TEXTLESS.has(target.type) && !target.readOnly
}

/** Those that open a list and go through it while it is closed, or move a slider. */
const OWN_KEYS = new Set(['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'Enter', ' '])

function isOwn({ target, key }: KeyboardEvent): boolean {
  if (!OWN_KEYS.has(key) || !(target instanceof Element)) return false
  return target.matches('[role="slider"]') || (target instanceof HTMLInputElement && target.readOnly)
}

/** Inside a dialog or a menu, keys are its own. */
const isElsewhere = (target: EventTarget | null) =>
  target instanceof Element && target.closest('[role="dialog"], [role="menu"], [role="listbox"]') !== null

export function useKeys(keys: readonly (readonly [key: string, act: () => void])[]): void {
  useEffect(() => {
    const handle = getHotkeyHandler(keys.map(([key, act]): HotkeyItem => [key, act]))
    const press = (event: KeyboardEvent) => {
      if (!isTyping(event.target) && !isElsewhere(event.target) && !isOwn(event)) handle(event)
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  })
}
