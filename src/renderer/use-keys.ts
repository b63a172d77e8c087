/** Keys of a screen: everywhere but where text is typed or a list is open. */
import { getHotkeyHandler, type HotkeyItem } from '@mantine/hooks'
import { useEffect } from 'react'

const TEXTLESS = new Set(['radio', 'checkbox', 'button', 'range'])

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true
  return target instanceof HTMLInputElement && !TEXTLESS.has(target.type)
}

/** Inside a dialog or a menu, keys are its own. */
const isElsewhere = (target: EventTarget | null) =>
  target instanceof Element && target.closest('[role="dialog"], [role="menu"], [role="listbox"]') !== null

export function useKeys(keys: readonly (readonly [key: string, act: () => void])[]): void {
  useEffect(() => {
    const handle = getHotkeyHandler(keys.map(([key, act]): HotkeyItem => [key, act]))
    const press = (event: KeyboardEvent) => {
      if (!isTyping(event.target) && !isElsewhere(event.target)) handle(event)
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  })
}
