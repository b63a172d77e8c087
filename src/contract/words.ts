/** Lists in messages. */

/** The first names, and the number of further names. */
export const some = (names: readonly string[], most = 8): string =>
  names.slice(0, most).join(', ') + (names.length > most ? ` and ${names.length - most} more` : '')
