/**
 * The rooms (direct children) of folders of src/, lowest first, each with the rooms of its folder that it may import.
 * A room may only import rooms that stand before it. `.dependency-cruiser.cjs` enforces it, `scripts/rooms.mjs` counts.
 */

module.exports = {
  'src/services': {
    /** The folder of a profile: its database, its files, its engine processes. */
    profile: [],
    studies: ['profile'],
    runs: ['profile', 'studies'],
    viewing: ['profile', 'studies', 'runs'],
    /** Drawing only. */
    reports: [],
    figures: ['profile', 'studies', 'viewing', 'reports'],
    reproduction: ['profile', 'studies', 'runs', 'viewing', 'reports'],
    http: ['profile', 'studies', 'runs', 'viewing', 'figures', 'reproduction'],
    'open.ts': ['profile', 'studies', 'runs', 'viewing'],
  },
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
