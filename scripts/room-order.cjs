/**
 * The rooms (direct children) of folders of src/, lowest first, each with the rooms of its folder that it may import.
 * A room may only import rooms that stand before it. `.dependency-cruiser.cjs` enforces it, `scripts/rooms.mjs` counts.
 */

/** Each room may import all rooms before it. */
const inOrder = (...rooms) => Object.fromEntries(rooms.map((room, i) => [room, rooms.slice(0, i)]))

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
    /** The connection to the services, navigation, messages. */
    app: [],
    /** What several screens draw with. */
    widgets: ['app'],
    viewer: ['app', 'widgets'],
    features: ['app', 'widgets', 'viewer'],
    runs: ['app', 'widgets', 'viewer'],
    studies: ['app', 'widgets', 'viewer'],
    compare: ['app', 'widgets', 'viewer', 'runs'],
    report: ['app', 'widgets', 'viewer'],
    settings: ['app', 'widgets'],
    /** The window around the screens. */
    shell: ['app', 'widgets', 'viewer', 'features', 'runs', 'studies', 'compare', 'report', 'settings', 'tokens.css'],
    'main.tsx': ['no-eval.ts', 'shell'],
  },
}
