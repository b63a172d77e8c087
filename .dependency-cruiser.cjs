/** Who may import what: the table of ARCHITECTURE.md, at error level. */
const ROOMS = require('./scripts/room-order.cjs')

/** Everything of src/ but these folders and the importer's own. */
const allBut = (...folders) => `^src/(?!(?:${folders.join('|')})(?:/|$))`

const packageIn = (...names) => `node_modules/(?:${names.join('|')})(?:/|$)`

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

/** Matches these children of a folder, and what is in them. */
const inside = (folder, rooms) => `^${folder}/(?:${rooms.join('|').replaceAll('.', '[.]')})(?:/|$)`

/** One rule for each room of a folder: it imports, of the folder, itself and the rooms that the table names. */
const roomRules = (folder, name) =>
  Object.entries(ROOMS[folder]).map(([room, imports]) =>
    forbid(
      `${name}-${room}`,
      imports.length > 0 ? `of ${folder}, ${room} imports ${imports.join(', ')} only` : `${room} imports nothing`,
      { path: inside(folder, [room]) },
      { path: `^${folder}/`, pathNot: inside(folder, [room, ...imports]) },
    ),
  )

module.exports = {
  forbidden: [
    forbid('no-cycles', 'Modules that import each other in a circle, type imports included', {}, { circular: true }),
    forbid(
      'open-for-shells',
      'services/open.ts composes all services: only shells import it',
      { path: '^src/services/' },
      { path: '^src/services/open[.]ts$' },
    ),
    forbid('resolvable', 'An import that resolves to nothing', {}, { couldNotResolve: true }),
    forbid(
      'declared-packages',
      'A package that package.json does not name',
      { path: '^src/' },
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    ),
    forbid(
      'src-alone',
      'The program needs neither tests, scripts nor examples',
      { path: '^src/' },
      { path: '^(?:test|scripts|examples)/' },
    ),
    forbid(
      'examples',
      'an example imports core, engine, contract and presentation only, and no other example',
      { path: '^examples/' },
      { path: '^(?:src|examples|test|scripts)/', pathNot: '^src/(?:contract|presentation|core|engine)/' },
    ),

    forbid('contract', 'contract imports itself only', { path: '^src/contract/' }, { path: allBut('contract') }),
    forbid(
      'contract-packages',
      'contract is schemas and procedures: zod, @orpc/contract, no Node',
      { path: '^src/contract/' },
      { dependencyTypes: ['core', 'npm', 'npm-optional'], pathNot: packageIn('zod', '@orpc/contract') },
    ),
    forbid(
      'presentation',
      'presentation imports contract only: the window and the reports both draw what it gives',
      { path: '^src/presentation/' },
      { path: allBut('presentation', 'contract') },
    ),
    forbid(
      'presentation-packages',
      'presentation runs in a browser and on Node: colour scales, no Node',
      { path: '^src/presentation/' },
      { dependencyTypes: ['core', 'npm', 'npm-optional'], pathNot: packageIn('d3-scale-chromatic') },
    ),
    forbid('core', 'core imports contract only', { path: '^src/core/' }, { path: allBut('core', 'contract') }),
    forbid(
      'core-packages',
      'core is science: no Node, no native library',
      { path: '^src/core/' },
      {
        dependencyTypes: ['core', 'npm', 'npm-optional'],
        pathNot: packageIn('@tensorflow/tfjs-core', 'zod', 'fast-xml-parser'),
      },
    ),
    forbid(
      'engine',
      'engine imports core and contract only',
      { path: '^src/engine/' },
      { path: allBut('engine', 'core', 'contract') },
    ),
    forbid(
      'services',
      'services import contract, presentation, core, and of the engine its client, messages, installer, environment, folders, written files and file versions',
      { path: '^src/services/' },
      {
        path: allBut('services', 'contract', 'presentation', 'core'),
        pathNot:
          '^src/engine/(?:process/(?:client|protocol)|install/(?:install|environment)|files/(?:folders|written|written-record|file-version))[.]ts$',
      },
    ),
    forbid(
      'shells',
      'the host and the desktop import contract and services only',
      { path: '^src/(host|main)/' },
      { path: '^src/', pathNot: '^src/(?:$1|contract|services)/' },
    ),
    forbid(
      'cli',
      'the command line imports contract, presentation and services, and starts the host',
      { path: '^src/cli/' },
      { path: allBut('cli', 'contract', 'presentation', 'services'), pathNot: '^src/host/serve[.]ts$' },
    ),
    ...roomRules('src/services', 'services'),
    forbid(
      'services-rooms',
      'every file of the services is in a room of scripts/room-order.cjs',
      { path: '^src/services/', pathNot: inside('src/services', Object.keys(ROOMS['src/services'])) },
      {},
    ),
    forbid(
      'renderer',
      'the window knows the rest by its contract, and shares presentation with the reports',
      { path: '^src/renderer/' },
      { path: allBut('renderer', 'contract', 'presentation') },
    ),
    ...roomRules('src/renderer', 'renderer'),
    forbid(
      'renderer-rooms',
      'every file of the window is in a room of scripts/room-order.cjs',
      { path: '^src/renderer/', pathNot: inside('src/renderer', Object.keys(ROOMS['src/renderer'])) },
      {},
    ),
    forbid(
      'renderer-packages',
      'the window has nothing of the services’ or the engine’s packages',
      { path: '^src/renderer/' },
      {
        path: packageIn('@hono', '@orpc/server', '@resvg', '@tensorflow', 'better-sqlite3', 'h5wasm', 'msgpackr'),
      },
    ),
    forbid(
      'no-node-in-window',
      'the window is a browser’s page, its preload sandboxed',
      { path: '^src/(?:renderer|preload)/' },
      { dependencyTypes: ['core'] },
    ),
    forbid(
      'preload',
      'the preload imports the contract’s types only',
      { path: '^src/preload/' },
      { path: '^src/', pathNot: '^src/preload/', dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'preload-packages',
      'the preload runs in a sandbox: Electron’s few modules for it',
      { path: '^src/preload/' },
      { path: 'node_modules/', pathNot: packageIn('electron') },
    ),

    forbid(
      'electron-in-desktop',
      'the desktop alone knows Electron',
      { path: '^src/', pathNot: '^src/(?:main|preload)/' },
      { path: packageIn('electron') },
    ),
    forbid(
      'electron-as-parameter',
      'Electron is passed from the entry, so that main is tested against a fake one',
      { path: '^src/main/', pathNot: '^src/main/index[.]ts$' },
      { path: packageIn('electron'), dependencyTypesNot: ['type-only', 'type-import'] },
    ),
    forbid(
      'native-in-engine',
      'the engine alone loads a native backend or opens an HDF5 file',
      { path: '^src/', pathNot: '^src/engine/' },
      { path: packageIn('h5wasm', '@tensorflow/tfjs-node-gpu') },
    ),
    forbid(
      'sqlite-in-db',
      'services/profile/db is the only writer of SQLite',
      { path: '^src/', pathNot: '^src/services/profile/db/' },
      { path: packageIn('better-sqlite3', '@types/better-sqlite3') },
    ),
  ],
  options: {
    // Types too: `import type` must not cross the borders either.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    moduleSystems: ['es6', 'cjs'],
    // Packages that only have an `exports` map, and those that are for `import` alone.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'require', 'types', 'default'],
    },
  },
}
