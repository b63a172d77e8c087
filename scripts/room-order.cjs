/**
 * The rooms (direct children) of folders of src/, lowest first, each with the rooms of its folder that it may import.
 * A room may only import rooms that stand before it. `.dependency-cruiser.cjs` enforces it, `scripts/rooms.mjs` counts.
 */

/** Each room may import all rooms before it. */
const inOrder = (...rooms) => Object.fromEntries(rooms.map((room, i) => [room, rooms.slice(0, i)]))

const base = ['format.ts', 'app']

module.exports = {
  'src/services': inOrder(
    'profile',
    'studies',
    'runs',
    'viewing',
    'figures',
    'reports',
    'reproduction',
    'http',
    'open.ts',
  ),
  'src/renderer': {
    'no-eval.ts': [],
    'format.ts': [],
    /** The connection to the services, navigation, messages. */
    app: ['format.ts'],
    /** What several screens draw with. */
    widgets: base,
    viewer: [...base, 'widgets'],
    features: [...base, 'widgets', 'viewer'],
    runs: [...base, 'widgets', 'viewer'],
    studies: [...base, 'widgets', 'viewer'],
    compare: [...base, 'widgets', 'viewer', 'runs'],
    report: [...base, 'widgets', 'viewer'],
    settings: [...base, 'widgets'],
    /** The window around the screens. */
    shell: [...base, 'widgets', 'viewer', 'features', 'runs', 'studies', 'compare', 'report', 'settings', 'tokens.css'],
    'main.tsx': ['no-eval.ts', 'shell'],
  },
}
