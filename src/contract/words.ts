/** Lists in the words of messages. */

/** The first names, and how many more there are. */
export const some = (names: readonly string[], most = 8): string =>
  names.slice(0, most).join(', ') + (names.length > most ? ` and ${names.length - most} more` : '')
