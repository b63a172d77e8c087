/** Where the focus goes if the control that had it is removed. */

/** A ref for the control in the place of a removed control. It takes the focus only if nothing else has the focus. */
export function takeLostFocus(element: HTMLElement | null): void {
  if (element && (document.activeElement ?? document.body) === document.body) element.focus()
}

/** A ref for a control in a table. If the control is removed while it has the focus, the table takes the focus. */
export function leaveFocusToTable(element: HTMLElement | null) {
  return () => {
    if (element && document.activeElement === element) element.closest('table')?.focus()
  }
}
