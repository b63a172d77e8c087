/** Who may import what: the table of ARCHITECTURE.md, at error level. */

/** Everything of src/ but these folders and the importer's own. */
const allBut = (...folders) => `^src/(?!(?:${folders.join('|')})(?:/|$))`

const packageIn = (...names) => `node_modules/(?:${names.join('|')})(?:/|$)`

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

module.exports = {
  forbidden: [
    forbid(
      'no-cycles',
      'Modules that wait for each other as they load; types alone do not',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
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
      'The program needs neither tests nor scripts',
      { path: '^src/' },
      { path: '^(?:test|scripts)/' },
    ),

    forbid('contract', 'contract imports itself only', { path: '^src/contract/' }, { path: allBut('contract') }),
    forbid(
      'contract-packages',
      'contract is schemas: zod, no Node',
      { path: '^src/contract/' },
      { dependencyTypes: ['core', 'npm', 'npm-optional'], pathNot: packageIn('zod') },
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
      'services import contract, core, and of the engine its client, messages, installer and environment',
      { path: '^src/services/' },
      {
        path: allBut('services', 'contract', 'core'),
        pathNot: '^src/engine/(?:client|protocol|install|environment)[.]ts$',
      },
    ),
    forbid(
      'shells',
      'the command line, the host and the desktop shell import contract and services only',
      { path: '^src/(cli|host|main)/' },
      { path: '^src/', pathNot: '^src/(?:$1|contract|services)/' },
    ),

    forbid(
      'native-in-engine',
      'the engine alone loads a native backend or opens an HDF5 file',
      { path: '^src/', pathNot: '^src/engine/' },
      { path: packageIn('h5wasm', '@tensorflow/tfjs-node-gpu') },
    ),
    forbid(
      'sqlite-in-db',
      'services/db is the only writer of SQLite',
      { path: '^src/', pathNot: '^src/services/db/' },
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
