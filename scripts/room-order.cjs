/**
 * The rooms (direct children) of folders of src/, lowest first, each with the rooms of its folder that it may import.
 * A room may import only rooms before it in this list. `.dependency-cruiser.cjs` enforces this, and `scripts/rooms.mjs`
 * counts the rooms and arrows.
 */

module.exports = {
  'src/services': {
    /** A profile: database, settings and files. */
    profile: [],
    /** Where trainings run: engine processes, slots of this machine, and jobs. */
    places: ['profile'],
    studies: ['profile', 'places'],
    runs: ['profile', 'places', 'studies'],
    viewing: ['profile', 'places', 'studies', 'runs'],
    /** Pages, tables and plots: drawing only. */
    reports: [],
    figures: ['profile', 'studies', 'viewing', 'reports'],
    reproduction: ['profile', 'places', 'studies', 'runs', 'viewing', 'reports'],
    http: ['profile', 'places', 'studies', 'runs', 'viewing', 'figures', 'reproduction'],
    /** Composes all services: no room imports this file, only shells. */
    'open.ts': ['profile', 'places', 'studies', 'runs', 'viewing'],
  },
  'src/renderer': {
    'no-eval.ts': [],
    /** Connection to the services, navigation, notifications. */
    app: [],
    /** Components that several screens use. */
    widgets: ['app'],
    viewer: ['app', 'widgets'],
    features: ['app', 'widgets', 'viewer'],
    runs: ['app', 'widgets', 'viewer'],
    studies: ['app', 'widgets', 'viewer'],
    compare: ['app', 'widgets', 'viewer', 'runs'],
    report: ['app', 'widgets', 'viewer'],
    settings: ['app', 'widgets'],
    /** The frame around the screens. */
    shell: ['app', 'widgets', 'viewer', 'features', 'runs', 'studies', 'compare', 'report', 'settings', 'tokens.css'],
    'main.tsx': ['no-eval.ts', 'shell'],
  },
}
