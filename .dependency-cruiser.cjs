/** The import rules between the rooms of ARCHITECTURE.md. */
const ROOMS = require('./scripts/room-order.cjs')

/** Matches all of src/ except these folders. */
const allBut = (...folders) => `^src/(?!(?:${folders.join('|')})(?:/|$))`

const packageIn = (...names) => `node_modules/(?:${names.join('|')})(?:/|$)`

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

/** Matches these children of a folder, and their contents. */
const inside = (folder, rooms) => `^${folder}/(?:${rooms.join('|').replaceAll('.', '[.]')})(?:/|$)`

/** One rule for each room of a folder. Within the folder, a room imports itself and the rooms that the table names. */
const roomRules = (folder, name) =>
  Object.entries(ROOMS[folder]).map(([room, imports]) =>
    forbid(
      `${name}-${room}`,
      imports.length > 0 ? `of ${folder}, ${room} imports ${imports.join(', ')} only` : `${room} imports nothing`,
      { path: inside(folder, [room]) },
      { path: `^${folder}/`, pathNot: inside(folder, [room, ...imports]) },
    ),
  )

/** The files of the engine that services may import. */
const ENGINE_FOR_SERVICES = [
  'process/(?:client|protocol)',
  'install/(?:install|environment)',
  'devices/(?:devices|nvidia-smi|threads)',
  'files/(?:folders|masks|written|written-record|file-version)',
]

module.exports = {
  forbidden: [
    forbid('no-cycles', 'Modules that import each other in a circle, type imports included', {}, { circular: true }),
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
        pathNot: packageIn('@tensorflow/tfjs-core', 'zod', 'fast-xml-parser', 'fflate'),
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
      'services import contract, presentation, core; of the engine client, protocol, install, devices, masks, results',
      { path: '^src/services/' },
      {
        path: allBut('services', 'contract', 'presentation', 'core'),
        pathNot: `^src/engine/(?:${ENGINE_FOR_SERVICES.join('|')})[.]ts$`,
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
      'the window imports contract and presentation only',
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
      'the window imports no package of the services or the engine',
      { path: '^src/renderer/' },
      {
        path: packageIn('@hono', '@orpc/server', '@resvg', '@tensorflow', 'better-sqlite3', 'h5wasm', 'msgpackr'),
      },
    ),
    forbid(
      'no-node-in-window',
      'the window is a page in a browser, and its preload is sandboxed: no Node',
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
      'the preload runs in a sandbox: it imports Electron only',
      { path: '^src/preload/' },
      { path: 'node_modules/', pathNot: packageIn('electron') },
    ),

    forbid(
      'electron-in-desktop',
      'only the desktop imports Electron',
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
      'only the engine loads a native backend or opens an HDF5 file',
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
    // The rules also hold for `import type`.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    moduleSystems: ['es6', 'cjs'],
    // Finds packages that have only an `exports` map, and packages that allow `import` only.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'require', 'types', 'default'],
    },
  },
}
